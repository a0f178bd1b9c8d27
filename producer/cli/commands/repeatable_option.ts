import { usageError } from "../exit.ts";

/** Collects the values of an option that can be repeated. */
export const collect = (value: string, values: string[] = []): string[] => [...values, value];

/** The same for an option that also takes a comma-separated list. */
export const collectList = (value: string, values: string[] = []): string[] => [
  ...values,
  ...value
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== ""),
];

/** The values of `--label key=value`. */
export function parseLabels(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const separator = pair.indexOf("=");
      if (separator < 1) throw usageError(`--label ${pair}: write key=value`);
      return [pair.slice(0, separator), pair.slice(separator + 1)];
    }),
  );
}
