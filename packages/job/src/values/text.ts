// What people write, read strictly: durations, schedules, and words that are nearly right. Nothing
// of what runs jobs, so that a program which only reads a configuration does not load it.

export { checkTimeZone, parseSchedule } from "../schedule/parse-schedule.ts";
export { parseDuration } from "./duration.ts";
export { closestWord } from "./options.ts";
