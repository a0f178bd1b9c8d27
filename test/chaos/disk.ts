/**
 * Watches the fleet's state on disk from outside, a few hundred times a second, and tells what has just
 * been applied: the points inside the product's own sequence that no endpoint sees.
 */
import fs from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

const everyMs = 2;

/** Between this and the next thing that the product does, a kill may strike. */
export const diskPoints = [
  "task inserted",
  "batch half expanded",
  "task claimed",
  "intent written",
  "step journaled",
  "object put",
  "task settled",
  "walk taken",
] as const;

const sql = `SELECT (SELECT COUNT(*) FROM tasks) AS inserted,
  (SELECT COALESCE(SUM(fence), 0) FROM tasks) AS claimed,
  (SELECT COUNT(*) FROM tasks WHERE sweep_at IS NULL) AS settled,
  (SELECT COUNT(*) FROM steps WHERE status = 'intent') AS intents,
  (SELECT COUNT(*) FROM steps WHERE status <> 'intent') AS done,
  (SELECT COUNT(*) FROM batches WHERE expanded > 0 AND expanded < total) AS half,
  (SELECT COALESCE(SUM(due_at), 0) FROM walks) AS walks`;

type Seen = Record<
  "inserted" | "claimed" | "settled" | "intents" | "done" | "half" | "walks",
  number
>;

export function watchDisk(stateDir: string, tell: (point: string) => void): { stop(): void } {
  let last: (Seen & { objects: number }) | null = null;
  let db: DatabaseSync | null = null;
  const look = (): void => {
    try {
      db ??= new DatabaseSync(databaseOf(stateDir), { readOnly: true });
      const seen = { ...(db.prepare(sql).get() as unknown as Seen), objects: objectsIn(stateDir) };
      if (last !== null) for (const point of changed(last, seen)) tell(point);
      last = seen;
    } catch {
      // It is being written, or the fleet has not made it yet: the next look is soon.
    }
  };
  const timer = setInterval(look, everyMs);
  return {
    /** May be called twice. */
    stop() {
      clearInterval(timer);
      db?.close();
      db = null;
    },
  };
}

/** An hour passes for the sweep's walks, while the fleet is stopped. */
export function makeWalksDue(stateDir: string): void {
  const db = new DatabaseSync(databaseOf(stateDir));
  db.exec("UPDATE walks SET due_at = 0");
  db.close();
}

function changed(last: Seen & { objects: number }, seen: Seen & { objects: number }): string[] {
  const points: [string, boolean][] = [
    ["task inserted", seen.inserted > last.inserted],
    ["batch half expanded", seen.half > last.half],
    ["task claimed", seen.claimed > last.claimed],
    ["intent written", seen.intents > last.intents],
    ["step journaled", seen.done > last.done],
    ["object put", seen.objects > last.objects],
    ["task settled", seen.settled > last.settled],
    ["walk taken", seen.walks !== last.walks],
  ];
  return points.filter(([, is]) => is).map(([point]) => point);
}

function databaseOf(stateDir: string): string {
  const folder = path.join(stateDir, "v3/d1/miniflare-D1DatabaseObject");
  const name = fs.readdirSync(folder).find((each) => /^[0-9a-f]{64}\.sqlite$/.test(each));
  if (name === undefined) throw new Error("there is no database yet");
  return path.join(folder, name);
}

function objectsIn(stateDir: string): number {
  const folder = path.join(stateDir, "v3/r2/flotilla/blobs");
  return fs.existsSync(folder) ? fs.readdirSync(folder).length : 0;
}
