/** Bytes and entries as cli.md prints them. */
export {
  type BytesJson,
  bytesJson,
  bytesText,
  csvBytes,
  csvField,
  entryJson,
  escapeText,
  numberJson,
} from '../model/rowText.ts';
