/** The calls that the rows of the reply table mean. */
import type { ExpectedCall } from "../render/renderer.ts";

export const oneCall: ExpectedCall = {
  name: "read_file",
  arguments: { path: "src/a b.ts", limit: 3 },
};

export const two: ExpectedCall = {
  name: "search",
  arguments: {
    query: "cats & 'dogs' \\d+",
    tags: ["x", "42"],
    filter: { year: 2020, exact: true },
    size: -1.5,
  },
};

export const digits: ExpectedCall = { name: "write_file", arguments: { path: "n", content: "42" } };

export const withArguments = (call: ExpectedCall, args: Record<string, unknown>): ExpectedCall => ({
  ...call,
  arguments: { ...call.arguments, ...args },
});

export const paying: ExpectedCall = { name: "pay", arguments: { amount: 5, to: "me" } };
