// Whether something must be awaited. Awaiting everything would be simpler, and several times slower
// where most values are there already.

export function isThenable<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as PromiseLike<Value>).then === "function"
  );
}
