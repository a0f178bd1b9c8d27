/**
 * The names of your own tools, which the API accepts in a task's `tools`. Each tool of
 * consumer/tools/custom.ts must be listed here. See docs/tools.md.
 */
export const customToolNames: readonly string[] = [];
