// Zip archives that hold tensors: PyTorch checkpoints, NPZ files of numpy, and
// archives of such files.
//
// What is stored without compression is looked into; what is compressed or
// encrypted stays as it is. In the layout
//   NAME.npy            becomes its array (formats/npy.h), called NAME
//   PATH.pkl            tells what the storages PATH/KEY are (data.pkl and
//                       data/0 in PyTorch); each becomes one tensor
//   an archive inside   becomes what it holds, NAME/ put before the names
// and everything between is literal. A storage is named after the view of most
// elements that its pickle has of it, and has that view's shape where it is
// seen in order and as a whole, else a flat one. Storages of unknown dtype, and
// those of an archive whose entry `byteorder` does not say "little", are
// opaque bytes.
//
// A layout is called "pytorch" if a pickle describes storages, else "npz". An
// archive without any tensor breaks a rule in Ingot's sense, as do entries that
// overlap or lie outside. The note of a layout tells what remained opaque.
//
// Limits: 131,072 entries in all, archives nested two deep, those of
// formats/pytorch/pickle.h for each pickle, of which 64 are read.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_FORMATS_ZIP_H_
#define INGOT_FORMATS_ZIP_H_

#include "codec/bytes.h"
#include "codec/result.h"
#include "codec/source.h"
#include "formats/layout.h"

namespace ingot {

// Whether a file with these first bytes begins like a zip archive.
bool LooksLikeZip(ByteSpan first_bytes);

// Errors: reading failed.
Result<ParsedLayout> ParseZip(const Source& source);

}  // namespace ingot

#endif  // INGOT_FORMATS_ZIP_H_
