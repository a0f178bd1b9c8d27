import type { Command } from "commander";
import { exit, required, wrongUsage } from "../exit.ts";
import type { Bind } from "../program.ts";
import { kindOf, type Session } from "../session.ts";

interface Options {
  model?: string;
  all?: boolean;
}

/** `pause` and `resume`: of a batch, of a model, or of the whole fleet. */
export function addPause(program: Command, bind: Bind): void {
  for (const word of ["pause", "resume"] as const) {
    program
      .command(`${word} [batch]`)
      .description(
        word === "pause"
          ? "let no task of a batch, a model or the fleet begin; what runs ends its slice"
          : "let the tasks of a batch, a model or the fleet begin again",
      )
      .option("--model <id>", "the tasks of this model")
      .option("--all", "the whole fleet")
      .action(
        bind(async (session, batch: string | undefined, options: Options) => {
          const target = targetOf(batch, options);
          const answer = required<unknown>(await turn(session, target, word));
          if (session.json) session.emit(answer);
          else session.say(`${target.name} is ${word === "pause" ? "paused" : "resumed"}`);
          return exit.done;
        }),
      );
  }
}

/** What is paused or resumed, and its name for people. */
type Target = { of: "fleet" | "model" | "batch"; id: string; name: string };

function turn(session: Session, { of, id }: Target, word: "pause" | "resume") {
  const client = session.client();
  switch (of) {
    case "fleet":
      return client(`POST /v1/${word}`);
    case "model":
      return client(`POST /v1/models/:id/${word}`, { id });
    case "batch":
      return client(`POST /v1/batches/:id/${word}`, { id });
  }
}

function targetOf(batch: string | undefined, { model, all }: Options): Target {
  const named = [batch, model, all].filter((one) => one !== undefined);
  if (named.length !== 1) throw wrongUsage("name a batch, or pass --model <id> or --all");
  if (all === true) return { of: "fleet", id: "", name: "the fleet" };
  if (model !== undefined) return { of: "model", id: model, name: model };
  if (kindOf(batch ?? "") !== "batch") throw wrongUsage("only a batch can be paused, not a task");
  return { of: "batch", id: batch ?? "", name: batch ?? "" };
}
