/** Known bugs, put into the fleet from outside. Each says which invariant must notice it. */
import type { SeededBug, Statement } from "./bindings.ts";
import type { invariants } from "./invariants.ts";

export interface KnownBug {
  what: string;
  /** Any of these may speak first. */
  noticedBy: readonly (keyof typeof invariants | "cleared")[];
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

/** The eligibility is asked of one reading and the row is written by another statement, with no condition left. */
function claimInTwo({ sql, args }: Statement): { asks: Statement; writes: Statement } | null {
  const [head, condition] = sql.split(/\n\s*WHERE id = \?1 AND \(\?4 = 0/);
  if (condition === undefined || !sql.includes("claimed_by = ?3")) return null;
  const [rest = "", returning = ""] = condition.split("RETURNING");
  const asks = `SELECT id, ?2 AS hashes FROM tasks WHERE id = ?1 AND (?4 = 0${rest}`;
  return {
    asks: { sql: asks, args },
    writes: { sql: `${head} WHERE id = ?1 AND ?4 IS NOT NULL RETURNING${returning}`, args },
  };
}

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
          .replace("status = 'running',\n    parked", "status = 'running', reason = NULL, parked"),
        args,
      }),
    },
    shapes: ["refused_model"],
  },
  {
    what: "a resume forgets the journal that it goes on from",
    noticedBy: ["boundsHold", "resultsMatch"],
    bug: {
      statement: rewrite("resumed_from = IIF(?3 = 'resume', fence, NULL)", "resumed_from = NULL"),
    },
    shapes: ["refused_model", "dying"],
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
  {
    what: "messages are acknowledged before their tasks settle",
    noticedBy: ["nothingLost", "progress"],
    bug: { acksFirst: true, statement: rewrite("WHERE sweep_at <= ", "WHERE 0 AND sweep_at <= ") },
    shapes: ["long", "tools"],
  },
  {
    what: "a claim reads first and writes then",
    noticedBy: ["oneOwner", "settledOnce", "effectsOnce"],
    bug: { split: claimInTwo },
    shapes: ["plain", "tools", "long"],
  },
  {
    what: "the result is stored after its row says so",
    noticedBy: ["resultsMatch"],
    bug: { late: { object: (key) => key.endsWith("/result.json") } },
    shapes: ["plain"],
  },
  {
    what: "an effect's intent comes after its call",
    noticedBy: ["effectsOnce", "oneOwner"],
    bug: { late: { statement: (each) => isStep(each) && each.args.includes("intent") } },
    shapes: effects,
  },
  {
    what: "redirects are followed by whoever sends the request",
    noticedBy: ["egressDecided"],
    bug: { follows: true },
    shapes: ["redirected"],
  },
  {
    what: "a secret that is missing is skipped",
    noticedBy: ["egressDecided"],
    bug: {
      env: {
        FLEET_MODE: "local",
        FLEET_POLICIES: JSON.stringify({ demo: { rules: [{ host: "orders.example" }] } }),
      },
    },
    shapes: ["reading", ...effects],
  },
  {
    what: "the sweep takes a task that lives for gone",
    noticedBy: ["cleared"],
    bug: { statement: dropped(({ sql }) => sql.includes("json_each(tasks.history)")) },
    shapes: ["large", "tools"],
  },
  {
    what: "the sweep forgets the runs before a redrive",
    noticedBy: ["cleared"],
    bug: { statement: rewrite("json_each(tasks.history)", "json_each('[]')") },
    shapes: ["refused_model", "dying"],
  },
  {
    what: "orphans are never looked for",
    noticedBy: ["cleared"],
    bug: {
      statement: rewrite(
        "name IN (SELECT value FROM json_each(?1))",
        "name IN ('tasks', 'batches', 'policies') AND ?1 <> ''",
      ),
    },
  },
  {
    what: "retention forgets the decisions of its tasks",
    noticedBy: ["cleared"],
    bug: { statement: dropped(({ sql }) => sql.startsWith("DELETE FROM egress_log")) },
    shapes: ["reading", ...effects],
  },
  {
    what: "retention removes a task that is live again",
    noticedBy: ["cleared"],
    bug: {
      statement: rewrite("sweep_at IS NULL AND finished_at <= ?1", "created_at <= ?1"),
    },
    shapes: ["refused_model"],
  },
  {
    what: "retention takes tasks out of a batch that is kept",
    noticedBy: ["cleared"],
    bug: {
      statement: rewrite(
        "AND NOT EXISTS (SELECT 1 FROM batches WHERE batches.id = tasks.batch_id)",
        "",
      ),
    },
    shapes: ["refused_model"],
  },
];
