// Names that the store knows: of jobs, queues and recurring tasks.

import { longestKey } from "../defaults.ts";
import { quote } from "../quote.ts";
import { type Reader, text } from "../readers.ts";

/** Not a bare integer, which would read as an id. */
export const jobName: Reader<string> = (tree, problems) => {
  const advice = "write the name of a job, such as invoice.send";
  const name = text(advice, longestKey)(tree, problems);
  if (name === undefined || !/^[+-]?\d+$/.test(name)) return name;
  problems.add(tree.place, `${quote(name)} reads as the id of a job; ${advice}`);
  return undefined;
};

/** One queue, where a pattern would be taken for a name. */
export const queueName: Reader<string> = (tree, problems) => {
  const advice = "write the name of one queue";
  const name = text(advice, longestKey)(tree, problems);
  if (name === undefined || !name.includes("*")) return name;
  problems.add(tree.place, `${quote(name)} stands for many queues; ${advice}`);
  return undefined;
};

export const taskName: Reader<string> = text("write a name", longestKey);
