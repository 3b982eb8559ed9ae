// The one that blocks: it computes without ever yielding. It runs on a thread, so heartbeats, TERM
// and `runtime cancel` work all the same; it looks at `stopping` as often as it likes.

import { defineJob } from "queue-runtime";

export const countPrimes = defineJob({
  name: "primes.count",
  queue: "numbers",
  timeout: "1m",
  async perform(input: { below: number }, context) {
    const [from, found] = (context.cursor as [number, number] | null) ?? [2, 0];
    let primes = found;
    for (let number = from; number < input.below; number++) {
      if (isPrime(number)) primes++;
      if (!context.stopping) continue;
      // saves where it stands and ends the run; the next one begins here
      await context.checkpoint([number + 1, primes]);
    }
    return { primes };
  },
});

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) {
    if (number % divisor === 0) return false;
  }
  return true;
}
