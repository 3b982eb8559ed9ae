// Announces jobs of other people's transactions, once those are committed.
//
// Nobody tells us of a commit on a connection that is not ours, so we look whether the jobs can be
// seen from outside: at growing distances, all of them with one query, and for some seconds. What
// takes longer, the polls find. Nothing here keeps a process alive: jobs are safe once committed.

import { systemClock } from "../../../clock.ts";
import type { JobState } from "../../../job.ts";
import type { PreparedJob } from "../../../rules/new-job.ts";
import type { Driver } from "../../driver.ts";
import { takeUp } from "../../flow/reconcile.ts";
import type { Announcer } from "../../watch/announce.ts";

interface Expected {
  /** The newest job of the transaction: where it is seen, all are. */
  readonly id: number;
  readonly ready: boolean;
  /** Nobody has looked yet what they wait for. */
  readonly touched: boolean;
  /** When the first of the others is due, by the monotonic clock. */
  readonly due: number;
  nextLook: number;
  pauseMs: number;
}

/**
 * From one look to the next, in milliseconds; the pause doubles, so that a wake-up is late by as
 * much as the transaction took, at most.
 */
const pauses = { first: 2, longest: 2_500 } as const;
/** However many transactions there are, in milliseconds. */
const restMs = 10;
/** Clocks of this host and of the database may differ by so much, in milliseconds. */
const clockErrorMs = 60_000;

/** Who may only enqueue may ask this. A job that has already ended needs nobody any more. */
const seen = "SELECT id FROM queue_runtime.jobs WHERE id = ANY($1::bigint[])";

export class AfterCommit {
  readonly #driver: Driver;
  readonly #announcer: Announcer;
  readonly #expected = new Set<Expected>();
  #timer: NodeJS.Timeout | null = null;
  #restUntil = 0;
  #looking = false;
  #closed = false;

  constructor(driver: Driver, announcer: Announcer) {
    this.#driver = driver;
    this.#announcer = announcer;
    driver.onClose(() => {
      this.#closed = true;
      if (this.#timer) clearTimeout(this.#timer);
    });
  }

  /** `rows` are what became of `jobs`, in the same order. */
  expect(
    rows: readonly { readonly id: number; readonly state: JobState | null }[],
    jobs: readonly PreparedJob[],
  ): void {
    const ready = rows.some(({ state }) => state === "ready");
    const delays = rows.flatMap(({ state }, index) =>
      state === "scheduled" ? [delayOf(jobs[index]!)] : [],
    );
    const touched = rows.some(({ state }) => state === "blocked" || state === "waiting");
    if (!ready && !touched && delays.length === 0) return;
    const now = performance.now();
    const id = Math.max(...rows.map((row) => row.id));
    const due = now + Math.min(...delays);
    const nextLook = now + pauses.first;
    this.#expected.add({ id, ready, touched, due, nextLook, pauseMs: pauses.first });
    this.#plan();
  }

  #plan(): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#closed || this.#looking || this.#expected.size === 0) return;
    const next = Math.min(...[...this.#expected].map(({ nextLook }) => nextLook));
    const wait = Math.max(next, this.#restUntil) - performance.now();
    this.#timer = setTimeout(() => void this.#look(), Math.max(1, wait)).unref();
  }

  async #look(): Promise<void> {
    this.#looking = true;
    const asked = [...this.#expected];
    const rows = await this.#driver.query(seen, [asked.map(({ id }) => id)]).then(
      (answer) => answer.rows as readonly [number][],
      () => [],
    );
    this.#looking = false;
    const visible = new Set(rows.map(([id]) => id));
    const now = performance.now();
    this.#restUntil = now + restMs;
    for (const each of asked) {
      if (visible.has(each.id)) this.#announce(each, now);
      else if (each.nextLook <= now) this.#lookLater(each, now);
    }
    this.#plan();
  }

  #announce(expected: Expected, now: number): void {
    this.#expected.delete(expected);
    if (this.#closed) return;
    if (expected.ready) this.#announcer.announce("ready");
    // where it fails, the next turn of a worker does it
    if (expected.touched) void takeUp(this.#driver, this.#announcer).catch(() => 0);
    this.#announcer.announceDue(expected.due - now);
  }

  #lookLater(expected: Expected, now: number): void {
    expected.pauseMs *= 2;
    expected.nextLook = now + expected.pauseMs;
    if (expected.pauseMs > pauses.longest) this.#expected.delete(expected);
  }
}

function delayOf({ at, inMs }: PreparedJob): number {
  return at === null ? inMs : at - systemClock.now() - clockErrorMs;
}
