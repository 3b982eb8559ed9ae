// A question that costs a system call, asked after every item but answered from the last 100 ms.

const everyMs = 100;

export function sampled(ask: () => string | false): () => string | false {
  let askedAt = Number.NEGATIVE_INFINITY;
  let answer: string | false = false;
  return () => {
    const now = performance.now();
    if (now - askedAt >= everyMs) {
      askedAt = now;
      answer = ask();
    }
    return answer;
  };
}
