// The author's page and the operator's doors: everything of @queue-runtime/job, and how to start a
// runtime from code.

export * from "@queue-runtime/job";
