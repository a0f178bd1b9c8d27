import type { Command } from "commander";
import type { StatsResponse } from "../../../api/stats/responses.ts";
import type { CallError, FleetClient } from "../../../client/index.ts";
import type { Bind } from "../../bind.ts";
import { type ExitCode, exit, exitCodeOf } from "../../exit.ts";
import { count } from "../../output/format.ts";
import { table } from "../../output/table.ts";
import { closedText } from "../models/models.ts";
import { toolsSummary } from "./tools.ts";

interface Finding {
  check: string;
  state: "ok" | "failed";
  /** What was found, or what to do. */
  message: string;
  /** The exit code of a failed call, so that scripts can tell why. */
  exitCode?: ExitCode;
}

const okFinding = (check: string, message: string): Finding => ({ check, state: "ok", message });
const failedFinding = (check: string, message: string): Finding => ({
  check,
  state: "failed",
  message,
});
const failedCall = (check: string, error: CallError): Finding => ({
  ...failedFinding(check, error.message),
  exitCode: exitCodeOf(error),
});

const nodeMajorMin = 22;

export function addDoctor(program: Command, bind: Bind): void {
  program
    .command("doctor")
    .description("check that the fleet can be reached and used, and say how to fix what fails")
    .option("--model <model>", "the model to try (default: the fleet's own)")
    .action(
      bind(async (session, { model }: { model?: string }) => {
        const fleet = await checkFleet(session.client(), session.url, model);
        const findings = [checkNode(), ...fleet];
        if (session.json) {
          for (const { check, state, message } of findings) {
            session.printJson({ check, state, message });
          }
        } else {
          const rows = findings.map(({ check, state, message }) => [check, state, message]);
          const head = ["check", "state", "what"];
          session.context.write(`${table(head, rows, session.context)}\n`);
        }
        const fault = findings.find(({ state }) => state === "failed");
        return fault === undefined ? exit.ok : (fault.exitCode ?? exit.failed);
      }),
    );
}

async function checkFleet(
  client: FleetClient,
  url: string,
  model: string | undefined,
): Promise<Finding[]> {
  const health = await client("GET /healthz");
  if (!health.ok) return [failedCall("fleet", health.error)];
  const answers = okFinding("fleet", `answers at ${url}`);
  const stats = await client("GET /v1/stats");
  if (!stats.ok) return [answers, failedCall("key", stats.error)];
  return [
    answers,
    okFinding("key", "accepted"),
    checkTasks(stats.value),
    ...checkDatabase(stats.value),
    ...(await checkRestore(client)),
    ...(await checkPauses(client)),
    ...(await checkModels(client)),
    ...(await tryModel(client, model)),
    await checkTools(client),
  ];
}

/** A hidden tool is not a failure: most fleets need few tools. */
async function checkTools(client: FleetClient): Promise<Finding> {
  const result = await client("GET /v1/tools");
  if (!result.ok) return failedFinding("tools", result.error.message);
  const summary = toolsSummary(result.value);
  return result.value.faults.length === 0
    ? okFinding("tools", summary)
    : failedFinding("tools", summary);
}

/** While old tasks are set aside, the fleet seems to hang too. Older fleets have no such route. */
async function checkRestore(client: FleetClient): Promise<Finding[]> {
  const result = await client("GET /v1/restore");
  if (!result.ok || result.value.restored_at === null) return [];
  const since = result.value.restored_at;
  return [
    okFinding(
      "restore",
      `the database was restored, found at ${since}: tasks from before wait for fleet restore resume, or fleet cancel`,
    ),
  ];
}

/** A forgotten pause looks like a fleet that hangs. */
async function checkPauses(client: FleetClient): Promise<Finding[]> {
  const result = await client("GET /v1/pause");
  if (!result.ok) return [];
  const { paused, since, models } = result.value;
  return [
    ...(paused ? [`the fleet is paused since ${since}: fleet resume --all`] : []),
    ...models.map(
      ({ model, since: from }) => `${model} is paused since ${from}: fleet resume --model ${model}`,
    ),
  ].map((text) => failedFinding("pause", text));
}

/** Tasks wait for a closed model, which also looks like a fleet that hangs. */
async function checkModels(client: FleetClient): Promise<Finding[]> {
  const result = await client("GET /v1/models");
  if (!result.ok) return [];
  const closedModels = result.value.models.map(closedText).filter((text) => text !== null);
  return closedModels.map((text) => failedFinding("model", text));
}

/** One short call. Older fleets have no such route, and some keys may not submit. */
async function tryModel(client: FleetClient, model: string | undefined): Promise<Finding[]> {
  const body = model === undefined ? {} : { model };
  const result = await client("POST /v1/models/try", { body });
  if (!result.ok) {
    const { status, message } = result.error;
    return [403, 404].includes(status) ? [] : [failedFinding("model", message)];
  }
  return result.value.findings.map(({ check, ok, message }) =>
    ok ? okFinding(check, message) : failedFinding(check, message),
  );
}

function checkNode(): Finding {
  const { node } = process.versions;
  return Number(node.split(".")[0]) >= nodeMajorMin
    ? okFinding("node", node)
    : failedFinding(
        "node",
        `${node} is too old: run npm install, which adds a newer one, then npx fleet`,
      );
}

/** An older fleet does not report its database. */
function checkDatabase({ database }: Partial<Pick<StatsResponse, "database">>): Finding[] {
  if (database === undefined) return [];
  const { bytes, bytes_max, state } = database;
  const share = `${Math.round((100 * bytes) / bytes_max)} % of the database is used`;
  switch (state) {
    case "ok":
      return [okFinding("database", share)];
    case "filling":
      return [failedFinding("database", `${share}: shorten RETENTION_DAYS before 95 %`)];
    case "full":
      return [
        failedFinding(
          "database",
          `${share}, so new work is refused: shorten RETENTION_DAYS, or fleet tenants erase <name>`,
        ),
      ];
  }
}

function checkTasks({ counts, oldest_queued_at: oldest }: StatsResponse): Finding {
  const since = oldest === null ? "" : `, the oldest since ${oldest}`;
  const dead = counts.dead === 0 ? "" : ": see fleet list --status dead";
  return okFinding(
    "tasks",
    `${count(counts.queued)} queued${since}, ${count(counts.running)} running, ${count(counts.dead)} dead${dead}`,
  );
}
