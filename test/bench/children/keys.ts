/** The keys of a look-up run: a byte of length and the key, one after the other. */
export function readKeys(file: Buffer): Buffer[] {
  const keys: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = file[at] as number;
    keys.push(file.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return keys;
}

/** Keys that are absent: the last byte raised by one, which no key of the stores has. */
export function absentKeys(keys: readonly Buffer[]): Buffer {
  return Buffer.concat(
    keys.flatMap((k) => {
      const other = Buffer.from(k);
      other[other.length - 1] = (other.at(-1) as number) + 1;
      return [Buffer.of(other.length), other];
    }),
  );
}
