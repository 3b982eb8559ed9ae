// The conditions and the order of a list of commands as SQL, of `command` and `job`. Every value is
// a parameter. Text is compared by its bytes, which for UTF-8 is by its code points.

import { jobStates } from "../../../job.ts";
import type { PreparedQuery } from "../../../rules/commands/query.ts";
import type { CommandCondition, CommandField } from "../../../store/commands.ts";

interface Column {
  readonly sql: string;
  readonly readsJob?: boolean;
  readonly nullable?: boolean;
}

const stateOrder = `CASE command.job_state ${jobStates
  .map((state, n) => `WHEN '${state}' THEN ${n}`)
  .join(" ")} END`;

const columns: Readonly<Record<CommandField, Column>> = {
  id: { sql: "command.job_id" },
  state: { sql: stateOrder },
  priority: { sql: "job.priority", readsJob: true },
  command: { sql: "command.line" },
  label: { sql: 'job.label COLLATE "C"', readsJob: true, nullable: true },
  directory: { sql: "command.directory" },
  enqueueAt: {
    sql: "(CASE WHEN command.job_state = 'scheduled' THEN job.run_at END)",
    readsJob: true,
    nullable: true,
  },
  start: { sql: "job.started_at", readsJob: true, nullable: true },
  end: { sql: "job.finished_at", readsJob: true, nullable: true },
};

interface Lane {
  readonly source: string;
  readonly conditions: readonly string[];
  /** What its commands are in order of. */
  readonly columns: readonly string[];
}

export class Terms {
  readonly values: unknown[] = [];
  readonly conditions: readonly string[];
  readonly limit: string;
  readonly readsJob: boolean;
  readonly #beyond: string;

  constructor({ ids, beyond, paused, where, limit }: PreparedQuery) {
    const isPaused = "(command.paused AND command.job_state = 'running')";
    this.limit = this.#value(limit, "bigint");
    this.#beyond = this.#value(beyond ?? 0, "bigint");
    this.readsJob = where.some(({ field }) => columns[field].readsJob);
    this.conditions = [
      ...this.among("job_id", ids, "bigint"),
      `command.job_id > ${this.#beyond}`,
      ...(paused === null ? [] : [`${isPaused} = ${this.#value(paused, "boolean")}`]),
      ...where.map((condition) => this.#termOf(condition)),
    ];
  }

  /** No condition where everything fits. */
  among(
    column: string,
    values: readonly (string | number)[] | null,
    type: string = "text",
  ): readonly string[] {
    return values ? [`command.${column} = ANY (${this.#value(values, `${type}[]`)})`] : [];
  }

  /**
   * One row for each combination of these values, and the condition for the commands that have it:
   * as a range of the index that begins with these columns, and in its whole order, or the planner
   * may walk the primary key instead, past all that are none of it.
   */
  lane(wanted: readonly (readonly [column: string, values: readonly string[]])[]): Lane {
    const names = wanted.map(([column]) => `each_${column}.value`).join(", ");
    const columns = [...wanted.map(([column]) => `command.${column}`), "command.job_id"];
    const own = columns.join(", ");
    return {
      source: wanted
        .map(([column, values]) => {
          return `unnest(${this.#value([...new Set(values)], "text[]")}) AS each_${column} (value)`;
        })
        .join(" CROSS JOIN "),
      conditions: [
        `(${own}) > (${names}, ${this.#beyond})`,
        `(${own}) < (${names}, 9223372036854775807)`,
      ],
      columns,
    };
  }

  #value(value: unknown, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }

  #termOf(condition: CommandCondition): string {
    const { sql } = columns[condition.field];
    const point = (ms: number): string => this.#value(ms, "double precision");
    switch (condition.operator) {
      case "is":
        return `${sql} = ${this.#value(condition.value, "text")}`;
      case "is-not":
        return `${sql} <> ${this.#value(condition.value, "text")}`;
      case "contains":
        return `strpos(queue_runtime.folded(${sql}),
          queue_runtime.folded(${this.#value(condition.value, "text")})) > 0`;
      case "before":
        return `${sql} < ${point(condition.from)}`;
      case "after":
        return `${sql} >= ${point(condition.to)}`;
      case "within":
        return `(${sql} >= ${point(condition.from)} AND ${sql} < ${point(condition.to)})`;
      case "not-within":
        return `(${sql} < ${point(condition.from)} OR ${sql} >= ${point(condition.to)})`;
      default:
        return condition satisfies never;
    }
  }
}

/** Those without the field come last, and ties go by id; `fromEnd`: all the other way round. */
export function orderOf({ field, descending, fromEnd }: PreparedQuery): {
  readonly text: string;
  readonly readsJob: boolean;
  /** Of the field that was asked for. */
  readonly way: "ASC" | "DESC";
} {
  const { sql, readsJob = false, nullable } = columns[field];
  const way = (down: boolean): "ASC" | "DESC" => (down === fromEnd ? "ASC" : "DESC");
  const parts = [`${sql} ${way(descending)}`];
  if (nullable) parts.unshift(`${sql} IS NULL ${way(false)}`);
  if (field !== "id") parts.push(`command.job_id ${way(false)}`);
  return { text: parts.join(", "), readsJob, way: way(descending) };
}
