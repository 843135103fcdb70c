/** How keys and values are shown: text, hex or JSON. */
import type { BytesFormat } from '../../engine/protocol/viewApi.ts';
import { segmented } from './segmented.ts';

/** `label` names what has the format, `bytes` what is shown in hex. */
export function formatPicker(
  label: string,
  bytes: string,
  format: BytesFormat,
  changed: (format: BytesFormat) => void,
): ReturnType<typeof segmented<BytesFormat>> {
  return segmented<BytesFormat>(
    label,
    [
      { value: 'text', label: 'Text', title: 'UTF-8 text with escapes; what is mostly not text in hex' },
      { value: 'hex', label: 'Hex', title: `${bytes} in hexadecimal` },
      { value: 'json', label: 'JSON', title: 'Values that are JSON laid out, the rest as text' },
    ],
    format,
    changed,
  );
}
