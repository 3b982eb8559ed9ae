// The shutdown as a timetable. One absolute deadline, computed once from T0, so that inner waits
// end before outer ones and a late phase is never pushed back by a slow one before it (DESIGN
// section 7).

/** When each phase begins, by the monotonic clock in milliseconds. */
export interface Timetable {
  /** Signals of running jobs abort. */
  readonly interrupt: number;
  /** What still runs is fenced off and made ready. */
  readonly release: number;
  /** Children that remain are killed. A worker is gone before. */
  readonly kill: number;
  /** The supervisor itself is gone. */
  readonly close: number;
}

export type Phase = keyof Timetable;

/** Shares of `shutdown_timeout`. Between release and kill lies the time a worker needs to end. */
const shares: Timetable = { interrupt: 0.6, release: 0.77, kill: 0.85, close: 0.93 };
const order: readonly Phase[] = ["interrupt", "release", "kill", "close"];

export function timetable(t0: number, timeoutMs: number): Timetable {
  return mapPhases((phase) => t0 + shares[phase] * timeoutMs);
}

/**
 * Brings a phase forward to `now`; the phases after it keep their distances. A phase that already
 * began stays where it was, so nothing ever moves beyond the first deadline.
 */
export function jump(times: Timetable, phase: Phase, now: number): Timetable {
  const gain = Math.max(0, times[phase] - now);
  const from = order.indexOf(phase);
  return mapPhases((each) =>
    order.indexOf(each) < from ? Math.min(times[each], now) : times[each] - gain,
  );
}

function mapPhases(time: (phase: Phase) => number): Timetable {
  return {
    interrupt: time("interrupt"),
    release: time("release"),
    kill: time("kill"),
    close: time("close"),
  };
}
