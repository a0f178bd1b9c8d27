import type { Command } from "commander";
import type { StatsAnswer } from "../../api/fleet_responses.ts";
import type { Fleet } from "../../client/index.ts";
import { exit } from "../exit.ts";
import { count } from "../output/format.ts";
import { table } from "../output/table.ts";
import type { Bind } from "../program.ts";
import { closedText } from "./models.ts";
import { toolsLine } from "./tools.ts";

interface Finding {
  check: string;
  state: "ok" | "failed";
  /** What was found, or what to do. */
  told: string;
}

const nodeMajorMin = 22;

export function addDoctor(program: Command, bind: Bind): void {
  program
    .command("doctor")
    .description("check that the fleet can be reached and used, and say what to do where not")
    .action(
      bind(async (session) => {
        const findings = [runtime()];
        const client = session.client();
        const health = await client("GET /healthz");
        findings.push(
          health.ok
            ? { check: "fleet", state: "ok", told: `answers at ${session.url}` }
            : { check: "fleet", state: "failed", told: health.message },
        );
        if (health.ok) {
          const stats = await client("GET /v1/stats");
          findings.push(
            stats.ok
              ? { check: "key", state: "ok", told: "accepted" }
              : { check: "key", state: "failed", told: stats.message },
          );
          if (stats.ok)
            findings.push(
              tasks(stats.value),
              ...(await pausesOf(client)),
              ...(await modelsOf(client)),
              await toolsOf(client),
            );
        }
        if (session.json) for (const finding of findings) session.emit(finding);
        else {
          const { write } = session.surroundings;
          const rows = findings.map(({ check, state, told }) => [check, state, told]);
          write(`${table(["check", "state", "what"], rows, session.surroundings)}\n`);
        }
        return findings.every(({ state }) => state === "ok") ? exit.done : exit.failed;
      }),
    );
}

/** What is hidden is no fault: most fleets need few of the tools. */
async function toolsOf(client: Fleet): Promise<Finding> {
  const called = await client("GET /v1/tools");
  return called.ok
    ? {
        check: "tools",
        state: called.value.faults.length === 0 ? "ok" : "failed",
        told: toolsLine(called.value),
      }
    : { check: "tools", state: "failed", told: called.message };
}

/** A pause that was forgotten looks like a fleet that hangs. */
async function pausesOf(client: Fleet): Promise<Finding[]> {
  const called = await client("GET /v1/pause");
  if (!called.ok) return [];
  const { paused, since, models } = called.value;
  const told = [
    ...(paused ? [`the fleet is paused since ${since}: fleet resume --all`] : []),
    ...models.map(
      (held) => `${held.model} is paused since ${held.since}: fleet resume --model ${held.model}`,
    ),
  ];
  return told.map((text) => ({ check: "pause", state: "failed", told: text }));
}

/** A model that its endpoint has closed lets tasks wait, which looks like a fleet that hangs, too. */
async function modelsOf(client: Fleet): Promise<Finding[]> {
  const called = await client("GET /v1/models");
  if (!called.ok) return [];
  const closed = called.value.models.map(closedText).filter((text) => text !== null);
  return closed.map((text) => ({ check: "model", state: "failed", told: text }));
}

function runtime(): Finding {
  const major = Number(process.versions.node.split(".")[0]);
  return major >= nodeMajorMin
    ? { check: "node", state: "ok", told: process.versions.node }
    : {
        check: "node",
        state: "failed",
        told: `${process.versions.node} is too old: npm install brings the right one, run npx fleet`,
      };
}

function tasks({ counts, oldest_queued_at: oldest }: StatsAnswer): Finding {
  const waiting = `${count(counts.queued)} queued${oldest === null ? "" : `, the oldest since ${oldest}`}`;
  const told = `${waiting}, ${count(counts.running)} running, ${count(counts.dead)} dead`;
  return {
    check: "tasks",
    state: "ok",
    told: counts.dead === 0 ? told : `${told}: see fleet list --status dead`,
  };
}
