import { op } from "../../protocol.ts";
import { ask, define } from "../bridge.ts";
import { formatLine, inspect } from "./format.ts";
import { table } from "./table.ts";

let indent = "";

function print(text: string): void {
  ask(op.log, indent === "" ? text : indent + text.replaceAll("\n", `\n${indent}`));
}

/** The console: every method writes to the one output of the run. */
export function installConsole(now: () => number): object {
  const counts = new Map<string, number>();
  const starts = new Map<string, number>();
  const log = (...values: unknown[]): void => print(formatLine(...values));
  const elapsedLine = (label: string): string =>
    `${label}: ${now() - (starts.get(label) ?? now())}ms`;
  const group = (...values: unknown[]): void => {
    if (values.length > 0) log(...values);
    indent += "  ";
  };
  const methods = {
    log,
    info: log,
    debug: log,
    warn: log,
    error: log,
    trace: (...values: unknown[]) => log("Trace:", ...values),
    dir: (value: unknown, options?: object) => print(inspect(value, options)),
    dirxml: log,
    table: (data: unknown, columns?: string[]) => {
      const text = table(data, columns);
      if (text === null) log(data);
      else print(text);
    },
    assert: (condition?: unknown, ...values: unknown[]) => {
      if (condition) return;
      const [first, ...rest] = values;
      if (values.length === 0) log("Assertion failed");
      else if (typeof first === "string") log(`Assertion failed: ${first}`, ...rest);
      else log("Assertion failed:", ...values);
    },
    count: (label = "default") => {
      const next = (counts.get(`${label}`) ?? 0) + 1;
      counts.set(`${label}`, next);
      log(`${label}: ${next}`);
    },
    countReset: (label = "default") => {
      counts.delete(`${label}`);
    },
    group,
    groupCollapsed: group,
    groupEnd: () => {
      indent = indent.slice(2);
    },
    time: (label = "default") => {
      starts.set(`${label}`, now());
    },
    timeLog: (label = "default", ...values: unknown[]) => log(elapsedLine(`${label}`), ...values),
    timeEnd: (label = "default") => {
      log(elapsedLine(`${label}`));
      starts.delete(`${label}`);
    },
  };
  define(globalThis, { console: methods });
  return methods;
}
