import type { Fault } from "../http/error_body.ts";

/** So many line numbers are written out before the rest becomes a number. */
const linesNamed = 3;

/**
 * A refusal as people read it: each fault once, although the API's message may repeat the first
 * one, and the same fault on many lines as one.
 */
export function refusalText(message: string, details: readonly Fault[]): string {
  const faults = grouped(details);
  const [first] = faults;
  if (first === undefined) return message;
  if (faults.length === 1 && first.lines.length === 0 && message.includes(first.message)) {
    return message.includes(first.path) ? message : spelled(first);
  }
  const repeated = first.lines.length === 0 && message.startsWith(spelled(first));
  const head = repeated ? `${faults.length} faults:` : message;
  return [head, ...faults.map((fault) => `  ${spelled(fault)}`)].join("\n");
}

interface Group {
  lines: number[];
  path: string;
  message: string;
}

function grouped(details: readonly Fault[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { line, path = "", message } of details) {
    const key = JSON.stringify([line === undefined, path, message]);
    const group = groups.get(key) ?? { lines: [], path, message };
    if (line !== undefined) group.lines.push(line);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function spelled({ lines, path, message }: Group): string {
  return [placeOf(lines), path, message].filter((part) => part !== "").join(": ");
}

function placeOf(lines: readonly number[]): string {
  if (lines.length === 0) return "";
  if (lines.length === 1) return `line ${lines[0]}`;
  const named = lines.slice(0, linesNamed);
  const rest = lines.length - named.length;
  if (rest > 0) return `lines ${named.join(", ")} and ${rest} more`;
  return `lines ${named.slice(0, -1).join(", ")} and ${named.at(-1)}`;
}
