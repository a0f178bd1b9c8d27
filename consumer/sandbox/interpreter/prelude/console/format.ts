/** Formats values with Node's util, from the library or from the platform. */
interface Formatter {
  inspect(value: unknown, options?: object): string;
  format(...values: unknown[]): string;
  width(text: string): number;
}

let formatter: Formatter = { inspect: String, format: String, width: (text) => text.length };

/** Called once, before a program runs. */
export function useFormatter(given: Formatter): void {
  formatter = given;
}

export const inspect = (value: unknown, options?: object): string =>
  formatter.inspect(value, options);
export const formatLine = (...values: unknown[]): string => formatter.format(...values);
export const width = (text: string): number => formatter.width(text);
export const custom: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;
