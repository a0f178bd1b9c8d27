/** Known bugs, put into the fleet from outside. Each says which invariant must notice it. */
import type { SeededBug, Statement } from "./bindings.ts";
import type { invariants } from "./invariants.ts";

export interface KnownBug {
  what: string;
  /** Any of these may speak first. */
  noticedBy: readonly (keyof typeof invariants)[];
  bug: SeededBug;
  shapes?: readonly string[];
}

/** Rewrites the text of each statement in which it finds something. */
const rewrite =
  (from: string | RegExp, to: string) =>
  ({ sql, args }: Statement): Statement => ({ sql: sql.replaceAll(from, to), args });

/** The statement does nothing and takes the same values. */
const nothing = ({ sql, args }: Statement): Statement => ({
  sql: `SELECT ${args.map((_, n) => `?${n + 1}`).join(", ") || "1"} WHERE ${sql === ""}`,
  args,
});

const dropped =
  (matches: (statement: Statement) => boolean) =>
  (statement: Statement): Statement =>
    matches(statement) ? nothing(statement) : statement;

const isStep = ({ sql }: Statement): boolean => sql.includes("INSERT INTO steps");
const effects = ["effect_by_code", "effects_by_tool"];
const encoder = new TextEncoder();

export const knownBugs: readonly KnownBug[] = [
  {
    what: "writes carry no fence",
    noticedBy: ["oneOwner", "settledOnce"],
    bug: { statement: rewrite("AND fence = ?2 AND status = 'running'", "AND ?2 IS NOT NULL") },
    shapes: ["long", "tools"],
  },
  {
    what: "a claim takes a live lease",
    noticedBy: ["oneOwner"],
    bug: {
      statement: rewrite(
        /status = 'running' AND \(lease_until < .*? OR claimed_by = \?3\)/g,
        "status = 'running'",
      ),
    },
  },
  {
    what: "a claim takes a settled task",
    noticedBy: ["settledOnce"],
    bug: {
      statement: ({ sql, args }) => ({
        sql: sql
          .replace(
            "(status = 'queued' AND COALESCE(not_before",
            "(status IN ('queued', 'failed') AND COALESCE(not_before",
          )
          .replace(
            "status = 'running',\n    sends = 1",
            "status = 'running', reason = NULL, sends = 1",
          ),
        args,
      }),
    },
    shapes: ["refused_model"],
  },
  {
    what: "every lost lease costs an attempt",
    noticedBy: ["boundsHold"],
    bug: { statement: rewrite("steps.fence = tasks.fence)", "steps.fence < 0)") },
    shapes: ["long"],
  },
  {
    what: "a failed try is not counted",
    noticedBy: ["boundsHold", "progress"],
    bug: { statement: rewrite("attempt = attempt + (?6 IS NOT NULL)", "attempt = attempt") },
    shapes: ["model_fault", "dying"],
  },
  {
    what: "the sweep sends nothing again",
    noticedBy: ["nothingLost", "progress"],
    bug: { statement: rewrite("WHERE sweep_at <= ", "WHERE 0 AND sweep_at <= ") },
  },
  {
    what: "a message is acknowledged and its task not settled",
    noticedBy: ["nothingLost"],
    bug: { statement: dropped(({ sql }) => sql.includes("SET status = ?3, reason = ?4")) },
    shapes: ["plain"],
  },
  {
    what: "the result is not stored",
    noticedBy: ["resultsMatch"],
    bug: { object: (key, bytes) => (key.endsWith("/result.json") ? null : bytes) },
  },
  {
    what: "the result is stored broken",
    noticedBy: ["resultsMatch"],
    bug: {
      object: (key, bytes) => (key.endsWith("/result.json") ? encoder.encode("{}") : bytes),
    },
  },
  {
    what: "an effect has no intent",
    noticedBy: ["effectsOnce"],
    bug: { statement: dropped((each) => isStep(each) && each.args.includes("intent")) },
    shapes: effects,
  },
  {
    what: "a request with effects is sent twice",
    noticedBy: ["effectsOnce"],
    bug: { sends: 2 },
    shapes: effects,
  },
  {
    what: "model replies are not journaled",
    noticedBy: ["effectsOnce", "resultsMatch", "progress"],
    bug: { statement: dropped((each) => isStep(each) && each.args.includes("model")) },
    shapes: ["long", "tools"],
  },
  {
    what: "decisions of the gateway are not logged",
    noticedBy: ["egressDecided"],
    bug: { statement: dropped(({ sql }) => sql.includes("INSERT INTO egress_log")) },
    shapes: ["reading", ...effects],
  },
  {
    what: "the policy lets everything out",
    noticedBy: ["egressDecided"],
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
    what: "a secret stands in a log line",
    noticedBy: ["noSecrets"],
    bug: { afterwards: ([secret = ""]) => console.log(btoa(`token: ${secret}`)) },
  },
  {
    what: "a secret stands in the journal",
    noticedBy: ["noSecrets"],
    bug: {
      statement: ({ sql, args }) => ({
        sql: sql.replace("quirks = ?6", "quirks = json_array(?6, 'canary-api-key-5Tq/8+mZ')"),
        args,
      }),
    },
    shapes: ["model_fault"],
  },
  {
    what: "idempotency keys are forgotten",
    noticedBy: ["oneTaskPerKey", "accounted"],
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
    what: "a line of each batch is skipped",
    noticedBy: ["nothingLost"],
    bug: {
      statement: rewrite(
        "WHERE true\n  ON CONFLICT DO NOTHING\n  RETURNING id",
        "WHERE COALESCE(value->>'batch_index', 0) <> 1 ON CONFLICT DO NOTHING RETURNING id",
      ),
    },
  },
  {
    what: "objects lie with another tenant",
    noticedBy: ["tenantsApart"],
    bug: {
      statement: rewrite("SELECT tasks.id, fence, tenant,", "SELECT tasks.id, fence, 'other',"),
    },
    shapes: ["reading"],
  },
  {
    what: "the journal outlives its task",
    noticedBy: ["accounted"],
    bug: { statement: dropped(({ sql }) => sql.startsWith("DELETE FROM steps")) },
    shapes: ["tools"],
  },
  {
    what: "messages multiply",
    noticedBy: ["progress"],
    bug: { copies: 40 },
    shapes: ["model_fault"],
  },
];
