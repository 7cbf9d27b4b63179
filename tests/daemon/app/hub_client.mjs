// The Hub's own clients against ingotd: node hub_client.mjs URL TOKEN CACHE.
// Fails with the first thing that is not as expected.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gguf } from "@huggingface/gguf";
import * as hub from "@huggingface/hub";
import { AutoConfig, env } from "@huggingface/transformers";

const [hubUrl, accessToken, cacheDir] = process.argv.slice(2);
const all = async (iterable) => {
  const list = [];
  for await (const one of iterable) list.push(one);
  return list;
};

const model = new Uint8Array(3_000_000);
for (let i = 0; i < model.length; i++) model[i] = (i * 2654435761) >>> 13;

function ggufFile() {
  const text = (word) => {
    const bytes = Buffer.alloc(8 + word.length);
    bytes.writeBigUInt64LE(BigInt(word.length));
    bytes.write(word, 8);
    return bytes;
  };
  const head = Buffer.alloc(24);
  head.write("GGUF");
  head.writeUInt32LE(3, 4);
  head.writeBigUInt64LE(0n, 8);
  head.writeBigUInt64LE(1n, 16);
  const string = Buffer.alloc(4);
  string.writeUInt32LE(8);
  return Buffer.concat(
    [head, text("general.architecture"), string, text("llama"), Buffer.alloc(64)]);
}

async function use(type) {
  const repo = { type, name: "me/clients" };
  const options = { hubUrl, accessToken, repo };
  const { repoUrl } = await hub.createRepo({ ...options, visibility: "private" });
  assert.ok(repoUrl.endsWith("me/clients"), repoUrl);
  assert.ok((await hub.repoExists(options)));
  const { commit } = await hub.uploadFiles({
    ...options,
    commitTitle: "Add a model",
    files: [
      { path: "config.json", content: new Blob(['{"a": 1}']) },
      { path: "w/model.safetensors", content: new Blob([model]) },
      { path: "w/model.gguf", content: new Blob([ggufFile()]) },
      { path: "empty.txt", content: new Blob([]) },
    ],
  });
  assert.match(commit.oid, /^[0-9a-f]{40}$/);

  const files = await all(hub.listFiles({ ...options, recursive: true, expand: true }));
  assert.deepEqual(
    files.map((file) => file.path),
    [".gitattributes", "config.json", "empty.txt", "w", "w/model.gguf", "w/model.safetensors"]);
  const large = files.at(-1);
  assert.equal(large.size, model.length);
  assert.equal(large.lastCommit.id, commit.oid);
  assert.equal(large.lfs.size, model.length);

  for (const revision of ["main", commit.oid]) {
    const blob = await hub.downloadFile({ ...options, path: large.path, revision });
    assert.ok(Buffer.from(await blob.arrayBuffer()).equals(Buffer.from(model)));
    assert.ok(Buffer.from(await blob.slice(1000, 2000).arrayBuffer())
      .equals(Buffer.from(model.slice(1000, 2000))));
  }
  assert.equal(await (await hub.downloadFile({ ...options, path: "config.json" })).text(), '{"a": 1}');
  assert.equal(await hub.downloadFile({ ...options, path: "none" }), null);
  assert.equal(await hub.fileExists({ ...options, path: "config.json" }), true);
  assert.equal(await hub.fileExists({ ...options, path: "none" }), false);
  const [info] = await hub.pathsInfo({ ...options, paths: [large.path], expand: true });
  assert.equal(info.lfs.oid, large.lfs.oid);

  // A mirror of everything, twice: the second time nothing is fetched.
  for (let i = 0; i < 2; i++) {
    const folder = await hub.snapshotDownload({ ...options, cacheDir });
    assert.ok(readFileSync(join(folder, large.path)).equals(Buffer.from(model)));
    assert.equal(readFileSync(join(folder, "empty.txt")).length, 0);
  }

  const prefix = type === "model" ? "" : `${type}s/`;
  const { metadata } = await gguf(
    `${hubUrl}/${prefix}${repo.name}/resolve/main/w/model.gguf`,
    { additionalFetchHeaders: { Authorization: `Bearer ${accessToken}` } });
  assert.equal(metadata["general.architecture"], "llama");

  // The same again is no commit; a commit on an old parent is refused.
  const changed = await hub.deleteFile({ ...options, path: "config.json" });
  await assert.rejects(
    hub.uploadFile({
      ...options,
      parentCommit: commit.oid,
      file: { path: "late.txt", content: new Blob(["x"]) },
    }),
    (error) => error.statusCode === 412);
  const commits = await all(hub.listCommits(options));
  assert.deepEqual(commits.map((one) => one.title), ["Delete config.json", "Add a model", "initial commit"]);
  assert.equal(commits[0].oid, changed.commit.oid);

  await hub.createBranch({ ...options, branch: "dev", revision: commit.oid });
  assert.equal(await hub.fileExists({ ...options, path: "config.json", revision: "dev" }), true);
  await hub.deleteBranch({ ...options, branch: "dev" });
  await hub.deleteRepo(options);
  assert.equal(await hub.repoExists(options), false);
}

// transformers.js sends tokens to hosts of Hugging Face alone: without further
// ado it has what everybody may read.
async function loadConfigs() {
  env.remoteHost = hubUrl;
  env.allowLocalModels = false;
  env.cacheDir = join(cacheDir, "transformers");
  const fetches = [];
  env.fetch = (url, options) => {
    fetches.push(url);
    return fetch(url, options);
  };
  const config = { model_type: "llama", hidden_size: 4096, num_attention_heads: 32 };
  const revisions = {};
  for (const visibility of ["public", "private"]) {
    const options = { hubUrl, accessToken, repo: `me/${visibility}` };
    await hub.createRepo({ ...options, visibility });
    const { commit } = await hub.uploadFiles({
      ...options,
      files: [{ path: "config.json", content: new Blob([JSON.stringify(config)]) }],
    });
    revisions[visibility] = commit.oid;
  }
  for (const revision of ["main", revisions.public]) {
    const loaded = await AutoConfig.from_pretrained("me/public", { revision });
    assert.equal(loaded.model_type, "llama");
    assert.equal(loaded.hidden_size, 4096);
  }
  // From its cache.
  const count = fetches.length;
  assert.ok(count >= 2 && fetches.every((url) => String(url).startsWith(hubUrl)), fetches);
  await AutoConfig.from_pretrained("me/public");
  assert.equal(fetches.length, count);
  await assert.rejects(AutoConfig.from_pretrained("me/none"), /Unauthorized/);
  await assert.rejects(AutoConfig.from_pretrained("me/private"), /Unauthorized/);
  env.fetch = (url, options) => {
    options.headers.set("Authorization", `Bearer ${accessToken}`);
    return fetch(url, options);
  };
  assert.equal((await AutoConfig.from_pretrained("me/private")).hidden_size, 4096);
}

const me = await hub.whoAmI({ hubUrl, accessToken });
assert.equal(me.auth.accessToken.role, "write");
for (const type of ["model", "dataset", "space"]) await use(type);
await loadConfigs();
await assert.rejects(
  hub.createRepo({ hubUrl, accessToken: "hf_wrong", repo: "me/x" }),
  (error) => error.statusCode === 401);
console.log("done");
