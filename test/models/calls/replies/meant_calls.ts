/** The calls that the rows of the reply table mean. */
import type { Meant } from "../render/renderer.ts";

export const oneCall: Meant = { name: "read_file", arguments: { path: "src/a b.ts", limit: 3 } };

export const two: Meant = {
  name: "search",
  arguments: {
    query: "cats & 'dogs' \\d+",
    tags: ["x", "42"],
    filter: { year: 2020, exact: true },
    size: -1.5,
  },
};

export const digits: Meant = { name: "write_file", arguments: { path: "n", content: "42" } };

export const withArguments = (call: Meant, args: Record<string, unknown>): Meant => ({
  ...call,
  arguments: { ...call.arguments, ...args },
});

export const paying: Meant = { name: "pay", arguments: { amount: 5, to: "me" } };
