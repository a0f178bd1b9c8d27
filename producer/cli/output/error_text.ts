import type { Detail } from "../../http/error_response.ts";

/** How many line numbers are listed before the rest becomes a count. */
const linesListed = 3;

/**
 * An API error as people read it: each fault once, although the message may repeat the first one, and the
 * same fault on many lines as one.
 */
export function errorText(text: string, details: readonly Detail[]): string {
  const faults = groupDetails(details);
  const message = withoutDetails(text, faults.length > 0);
  const [first] = faults;
  if (first === undefined) return message;
  if (faults.length === 1 && first.lines.length === 0 && message.includes(first.message)) {
    return message.includes(first.path) ? message : faultText(first);
  }
  const isRepeated = first.lines.length === 0 && message.startsWith(faultText(first));
  const head = isRepeated ? `${faults.length} faults:` : message;
  return [head, ...faults.map((fault) => `  ${faultText(fault)}`)].join("\n");
}

/** The API's messages point at its field `details`, whose faults stand below here, if there are any. */
const withoutDetails = (message: string, hasFaults: boolean): string =>
  message
    .replace("fix what details lists", hasFaults ? "fix the faults below" : "fix them")
    .replace(/, and (\d+) more \(see details\)/, "");

interface FaultGroup {
  lines: number[];
  path: string;
  message: string;
}

function groupDetails(details: readonly Detail[]): FaultGroup[] {
  const groups = new Map<string, FaultGroup>();
  for (const { line, path = "", message } of details) {
    const key = JSON.stringify([line === undefined, path, message]);
    const group = groups.get(key) ?? { lines: [], path, message };
    if (line !== undefined) group.lines.push(line);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function faultText({ lines, path, message }: FaultGroup): string {
  return [linesText(lines), path, message].filter((part) => part !== "").join(": ");
}

function linesText(lines: readonly number[]): string {
  if (lines.length === 0) return "";
  if (lines.length === 1) return `line ${lines[0]}`;
  const shownLines = lines.slice(0, linesListed);
  const rest = lines.length - shownLines.length;
  if (rest > 0) return `lines ${shownLines.join(", ")} and ${rest} more`;
  return `lines ${shownLines.slice(0, -1).join(", ")} and ${shownLines.at(-1)}`;
}
