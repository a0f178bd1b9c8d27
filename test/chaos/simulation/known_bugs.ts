/** Known bugs that are injected into the fleet, each with the invariants that must notice it. */

import { nowSql } from "../../../shared/store/clock.ts";
import type { invariants } from "../checks/invariants.ts";
import type { SeededBug, Statement, StatementSplit } from "./bindings.ts";

export interface KnownBug {
  description: string;
  /** The first seed that shows it, where it is not 1: it is tried first. */
  seed?: number;
  /** At least one of these must report it. */
  invariants: readonly (keyof typeof invariants | "cleanup")[];
  bug: SeededBug;
  shapes?: readonly string[];
}

/** Replaces text in each statement. */
const rewrite =
  (from: string | RegExp, to: string) =>
  ({ sql, args }: Statement): Statement => ({ sql: sql.replaceAll(from, to), args });

/** A statement without effect that takes the same parameters. */
const withoutEffect = ({ sql, args }: Statement): Statement => ({
  sql: `SELECT ${args.map((_, n) => `?${n + 1}`).join(", ") || "1"} WHERE ${sql === ""}`,
  args,
});

const dropWhen =
  (matches: (statement: Statement) => boolean) =>
  (statement: Statement): Statement =>
    matches(statement) ? withoutEffect(statement) : statement;

const isStep = ({ sql }: Statement): boolean => sql.includes("INSERT INTO steps");
const effects = ["effect_by_code", "effects_by_tool"];
const encoder = new TextEncoder();

const isClaim = ({ sql }: Statement): boolean => sql.includes("claimed_by = ?3,");

/** Splits a claim: one statement chooses the task, another writes its row without the condition. */
function splitClaim(claim: Statement): StatementSplit | null {
  const [, head, condition, returning] =
    /^([\s\S]*)\n\s*WHERE id = ([\s\S]*?)\s*(RETURNING [\s\S]*)$/.exec(claim.sql) ?? [];
  // The write of a split claim does not match.
  if (!isClaim(claim) || condition === undefined) return null;
  const { args } = claim;
  const choice = condition.startsWith("COALESCE")
    ? `SELECT ${condition} AS id, ?2 AS hashes, ?3 AS claimant`
    : `SELECT id, ?2 AS hashes FROM tasks WHERE id = ${condition}`;
  const unused = args.map((_, n) => `?${n + 1}`).join(", ");
  return {
    read: { sql: `SELECT * FROM (${choice}) WHERE id IS NOT NULL`, args },
    write: ({ id }) => ({
      sql: `${head} WHERE id = ?1 AND (1 OR COALESCE(${unused}) = 0) ${returning}`,
      args: [id, ...args.slice(1)],
    }),
  };
}

export const knownBugs: readonly KnownBug[] = [
  {
    description: "writes carry no fence",
    seed: 3,
    invariants: ["singleOwner", "settledOnce"],
    bug: { statement: rewrite("AND fence = ?2 AND status = 'running'", "AND ?2 IS NOT NULL") },
    shapes: ["long", "tools"],
  },
  {
    description: "a claim takes a live lease",
    invariants: ["singleOwner"],
    bug: {
      statement: (each) =>
        isClaim(each) ? rewrite(`lease_until < ${nowSql}`, "lease_until > 0")(each) : each,
    },
  },
  {
    description: "a claim takes a settled task",
    seed: 4,
    invariants: ["settledOnce"],
    bug: {
      statement: ({ sql, args }) => ({
        sql: sql
          .replace(
            "(status = 'queued' AND COALESCE(not_before",
            "(status IN ('queued', 'failed') AND COALESCE(not_before",
          )
          .replace("status = 'running',\n    parked", "status = 'running', reason = NULL, parked"),
        args,
      }),
    },
    shapes: ["refused_model"],
  },
  {
    description: "a resume ignores the journal that it continues",
    seed: 6,
    invariants: ["limitsHold", "resultsMatch"],
    bug: {
      statement: rewrite("resumed_from = IIF(?3 = 'resume', fence, NULL)", "resumed_from = NULL"),
    },
    shapes: ["refused_model", "dying"],
  },
  {
    description: "every lost lease costs an attempt",
    seed: 4,
    invariants: ["limitsHold"],
    bug: { statement: rewrite("steps.fence = tasks.fence)", "steps.fence < 0)") },
    shapes: ["long"],
  },
  {
    description: "a failed attempt is not counted",
    invariants: ["limitsHold", "everythingSettles"],
    bug: { statement: rewrite("attempt = attempt + (?6 IS NOT NULL)", "attempt = attempt") },
    shapes: ["model_fault", "dying"],
  },
  {
    description: "the sweep never sends a message again",
    seed: 12,
    invariants: ["noTaskLost", "everythingSettles"],
    bug: { statement: rewrite(/(WHERE|AND) sweep_at <= /g, "$1 0 AND sweep_at <= ") },
  },
  {
    description: "a message is acknowledged without settling its task",
    invariants: ["noTaskLost"],
    bug: { statement: dropWhen(({ sql }) => sql.includes("SET status = ?3, reason = ?4")) },
    shapes: ["plain"],
  },
  {
    description: "the result is not stored",
    invariants: ["resultsMatch"],
    bug: { object: (key, bytes) => (key.endsWith("/result.json") ? null : bytes) },
  },
  {
    description: "the stored result is damaged",
    invariants: ["resultsMatch"],
    bug: {
      object: (key, bytes) => (key.endsWith("/result.json") ? encoder.encode("{}") : bytes),
    },
  },
  {
    description: "an effect has no intent",
    invariants: ["effectsOnce"],
    bug: { statement: dropWhen((each) => isStep(each) && each.args.includes("intent")) },
    shapes: effects,
  },
  {
    description: "a request with effects is sent twice",
    invariants: ["effectsOnce"],
    bug: { requestCopies: 2 },
    shapes: effects,
  },
  {
    description: "model replies are not journaled",
    seed: 4,
    invariants: ["effectsOnce", "resultsMatch", "everythingSettles"],
    bug: { statement: dropWhen((each) => isStep(each) && each.args.includes("model")) },
    shapes: ["long", "tools"],
  },
  {
    description: "decisions of the gateway are not logged",
    invariants: ["egressDecided"],
    bug: { statement: dropWhen(({ sql }) => sql.includes("INSERT INTO egress_log")) },
    shapes: ["reading", ...effects],
  },
  {
    description: "what a dead worker sent is not charged",
    invariants: ["egressDecided"],
    bug: { statement: rewrite("array(json(charge))", "array(json(charge)) FILTER (WHERE 0)") },
    shapes: ["reading_by_code"],
  },
  {
    description: "the policy allows every request",
    invariants: ["egressDecided"],
    bug: {
      env: {
        FLEET_MODE: "local",
        FLEET_POLICIES: JSON.stringify({
          demo: { rules: [{ host: "evil.example" }, { host: "orders.example" }] },
        }),
      },
    },
    shapes: ["denied"],
  },
  {
    description: "a log line contains a secret",
    invariants: ["noSecretsLeaked"],
    bug: { afterOperation: ([secret = ""]) => console.log(btoa(`token: ${secret}`)) },
  },
  {
    description: "the journal contains a secret",
    invariants: ["noSecretsLeaked"],
    bug: {
      statement: ({ sql, args }) => ({
        sql: sql.replace("quirks = ?6", "quirks = json_array(?6, 'canary-api-key-5Tq/8+mZ')"),
        args,
      }),
    },
    shapes: ["model_fault"],
  },
  {
    description: "idempotency keys are ignored",
    invariants: ["oneTaskPerKey", "countsAddUp"],
    bug: {
      statement: ({ sql, args }) => ({
        sql: sql
          .replace("value->>'idempotency_key'", "NULL")
          .replace(
            "AND idempotency_key = ?2",
            "AND ?2 <> '' AND body_hash IS NOT NULL ORDER BY id DESC LIMIT 1",
          ),
        args,
      }),
    },
  },
  {
    description: "a line of each batch is skipped",
    invariants: ["noTaskLost"],
    bug: {
      statement: rewrite(
        "WHERE true\n  ON CONFLICT DO NOTHING\n  RETURNING id",
        "WHERE COALESCE(value->>'batch_index', 0) <> 1 ON CONFLICT DO NOTHING RETURNING id",
      ),
    },
  },
  {
    description: "decisions are stored for another tenant",
    invariants: ["tenantsIsolated"],
    bug: {
      statement: rewrite("SELECT tasks.id, fence, tenant,", "SELECT tasks.id, fence, 'other',"),
    },
    shapes: ["reading"],
  },
  {
    description: "the journal is not deleted with its task",
    invariants: ["countsAddUp"],
    bug: { statement: dropWhen(({ sql }) => sql.startsWith("DELETE FROM steps")) },
    shapes: ["tools"],
  },
  {
    description: "each message is sent 40 times",
    invariants: ["everythingSettles"],
    bug: { copies: 40 },
    shapes: ["model_fault"],
  },
  {
    description: "messages are acknowledged before their tasks settle",
    seed: 3,
    invariants: ["noTaskLost", "everythingSettles"],
    bug: {
      acksBeforeSettling: true,
      statement: rewrite(/(WHERE|AND) sweep_at <= /g, "$1 0 AND sweep_at <= "),
    },
    shapes: ["long", "tools"],
  },
  {
    description: "a claim reads and writes in two statements",
    invariants: ["singleOwner", "settledOnce", "effectsOnce"],
    bug: { splitStatement: splitClaim },
    shapes: ["plain", "tools", "long"],
  },
  {
    description: "the result is stored after its row refers to it",
    seed: 6,
    invariants: ["resultsMatch"],
    bug: { delayed: { object: (key) => key.endsWith("/result.json") } },
    shapes: ["plain"],
  },
  {
    description: "the intent of an effect is written after the call",
    seed: 3,
    invariants: ["effectsOnce", "singleOwner"],
    bug: { delayed: { statement: (each) => isStep(each) && each.args.includes("intent") } },
    shapes: effects,
  },
  {
    description: "the transport follows redirects by itself",
    invariants: ["egressDecided"],
    bug: { followsRedirects: true },
    shapes: ["redirected"],
  },
  {
    description: "a missing secret is skipped",
    invariants: ["egressDecided"],
    bug: {
      env: {
        FLEET_MODE: "local",
        FLEET_POLICIES: JSON.stringify({ demo: { rules: [{ host: "orders.example" }] } }),
      },
    },
    shapes: ["reading", ...effects],
  },
  {
    description: "the sweep treats a live task as removed",
    invariants: ["cleanup"],
    bug: { statement: dropWhen(({ sql }) => sql.includes("json_each(tasks.history)")) },
    shapes: ["large", "tools"],
  },
  {
    description: "the sweep ignores the runs before a redrive",
    invariants: ["cleanup"],
    bug: { statement: rewrite("json_each(tasks.history)", "json_each('[]')") },
    shapes: ["refused_model", "dying"],
  },
  {
    description: "the sweep never looks for orphans",
    invariants: ["cleanup"],
    bug: {
      statement: rewrite(
        "name IN (SELECT value FROM json_each(?1))",
        "name IN ('tasks', 'batches', 'policies') AND ?1 <> ''",
      ),
    },
  },
  {
    description: "retention leaves the decisions of removed tasks",
    invariants: ["cleanup"],
    bug: { statement: dropWhen(({ sql }) => sql.startsWith("DELETE FROM egress_log")) },
    shapes: ["reading", ...effects],
  },
  {
    description: "retention removes a task that is live again",
    seed: 3,
    invariants: ["cleanup"],
    bug: {
      statement: rewrite("sweep_at IS NULL AND finished_at <= ?1", "created_at <= ?1"),
    },
    shapes: ["refused_model"],
  },
  {
    description: "retention removes tasks of a batch that is kept",
    invariants: ["cleanup"],
    bug: {
      statement: rewrite(
        "AND NOT EXISTS (SELECT 1 FROM batches WHERE batches.id = tasks.batch_id)",
        "",
      ),
    },
    shapes: ["refused_model"],
  },
];
