/** Statements that the kernels share: comparing and copying byte strings in words. */
import type { Func, Local, Value } from '../../../base/wasm.ts';

/** Copies `length` bytes, which may be 0, in words of 16; writes up to 16 bytes too many. Advances neither. */
export function copyWords(f: Func, to: Value, from: Value, length: Value): void {
  const at = f.let(0);
  const target = f.let(to);
  const source = f.let(from);
  const n = f.let(length);
  f.while(at.lt(n), () => {
    f.store(target.add(at), source.add(at).load128());
    f.set(at, at.add(16));
  });
}

/** As `copyWords`, by one instruction where that is quicker. */
export function copyBytes(f: Func, to: Value, from: Value, length: Value): void {
  const target = f.let(to);
  const source = f.let(from);
  const n = f.let(length);
  f.if(
    n.gt(512),
    () => f.copy(target, source, n),
    () => copyWords(f, target, source, n),
  );
}

/** Sets `shared` to the number of equal bytes at `a` and `b`, at most `most`. */
export function matchLength(f: Func, shared: Local, a: Value, b: Value, most: Value): void {
  const difference = f.let(0n);
  f.set(shared, 0);
  f.while(shared.lt(most).and(difference.eq(0n)), () => {
    f.set(difference, a.add(shared).load64().xor(b.add(shared).load64()));
    f.if(
      difference.eq(0n),
      () => f.set(shared, shared.add(8)),
      () => f.set(shared, shared.add(difference.ctz().low32().shr(3))),
    );
  });
  f.if(shared.gt(most), () => f.set(shared, most));
}

/** Whether an i32 is below 0 as a signed number. */
export function isNegative(x: Value): Value {
  return x.shr(31);
}

/** Sets `order` to a number below, at or above 0, as the byte strings compare. */
export function compareKeys(f: Func, order: Local, a: Value, aLength: Local, b: Value, bLength: Local): void {
  const shared = f.local('i32');
  const most = f.let(aLength);
  f.if(bLength.lt(aLength), () => f.set(most, bLength));
  matchLength(f, shared, a, b, most);
  f.if(
    shared.lt(most),
    () => f.set(order, a.add(shared).load8().sub(b.add(shared).load8())),
    () => f.set(order, aLength.sub(bLength)),
  );
}
