import type { Command } from "commander";
import type { Bind } from "../../bind.ts";
import { exit, unwrap, usageError } from "../../exit.ts";
import { kindOf, type Session } from "../../session.ts";

interface Options {
  model?: string;
  all?: boolean;
}

/** `pause` and `resume` of a batch, a model, or the whole fleet. */
export function addPause(program: Command, bind: Bind): void {
  for (const action of ["pause", "resume"] as const) {
    program
      .command(`${action} [batch]`)
      .description(
        action === "pause"
          ? "start no more tasks of a batch, a model or the fleet; running slices end normally"
          : "start the tasks of a batch, a model or the fleet again",
      )
      .option("--model <id>", "the tasks of this model")
      .option("--all", "the whole fleet")
      .action(
        bind(async (session, batch: string | undefined, options: Options) => {
          const target = parseTarget(batch, options);
          const response = unwrap<unknown>(await call(session, target, action));
          if (session.json) session.printJson(response);
          else session.print(`${target.name} is ${action}d`);
          return exit.ok;
        }),
      );
  }
}

/** What is paused or resumed, and its name in messages. */
type Target = { kind: "fleet" | "model" | "batch"; id: string; name: string };

function call(session: Session, { kind, id }: Target, action: "pause" | "resume") {
  const client = session.client();
  switch (kind) {
    case "fleet":
      return client(`POST /v1/${action}`);
    case "model":
      return client(`POST /v1/models/:id/${action}`, { id });
    case "batch":
      return client(`POST /v1/batches/:id/${action}`, { id });
  }
}

function parseTarget(batch: string | undefined, { model, all }: Options): Target {
  const targets = [batch, model, all].filter((target) => target !== undefined);
  if (targets.length !== 1) throw usageError("name a batch, or pass --model <id> or --all");
  if (all === true) return { kind: "fleet", id: "", name: "the fleet" };
  if (model !== undefined) return { kind: "model", id: model, name: model };
  if (kindOf(batch ?? "") !== "batch") {
    throw usageError("a task cannot be paused: name its batch");
  }
  return { kind: "batch", id: batch ?? "", name: batch ?? "" };
}
