/** The examples of a page: its fences of shell, cut where one starts a fleet, and the commands in its text. */
import { text } from "./page.ts";

export interface Example {
  /** The place of the example, such as `docs/api.md:56`. */
  at: string;
  script: string;
  /** True where it is one command that starts the fleet, with the variables before it. */
  starts: boolean;
}

/** The blocks of a page that are marked as `sh`, in order. */
export function examplesOf(page: string): Example[] {
  const lines = text(page).split("\n");
  const examples: Example[] = [];
  let from = -1;
  for (const [n, line] of lines.entries()) {
    if (from === -1 && line === "```sh") from = n + 1;
    else if (from !== -1 && line === "```") {
      examples.push(...partsOf(page, from, lines.slice(from, n)));
      from = -1;
    }
  }
  return examples;
}

function partsOf(page: string, from: number, lines: readonly string[]): Example[] {
  const parts: Example[] = [];
  let waiting: string[] = [];
  let offset = from;
  const end = (starts: boolean, next: number) => {
    const script = waiting.join("\n");
    if (script.trim() !== "") parts.push({ at: `${page}:${offset + 1}`, script, starts });
    waiting = [];
    offset = next;
  };
  for (const [n, line] of lines.entries()) {
    const first = waiting.at(-1)?.endsWith("\\")
      ? waiting.findLastIndex((line) => !line.endsWith("\\")) + 1
      : waiting.length;
    if (!/\bnpm start$/.test(line)) {
      waiting.push(line);
      continue;
    }
    const command = [...waiting.splice(first), line];
    end(false, from + n - command.length + 1);
    waiting = command;
    end(true, from + n + 1);
  }
  end(false, from + lines.length);
  return parts;
}

/** Commands of `fleet` in a page's text, between backticks. */
export function commandsIn(page: string): string[] {
  const prose = text(page).replace(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/`((?:npx )?fleet [a-z][^`]*)`/g)].map(([, command = ""]) =>
    command.replace(/^npx /, ""),
  );
}
