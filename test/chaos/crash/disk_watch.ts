/**
 * Polls the fleet's state on disk a few hundred times a second and reports each change: points inside the product
 * that no endpoint sees.
 */
import fs from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

const everyMs = 2;

/** A kill follows after one of these changes and before the product's next one. */
export const diskPoints = [
  "task inserted",
  "batch half expanded",
  "task claimed",
  "intent written",
  "step journaled",
  "object put",
  "task settled",
  "cleanup taken",
] as const;

const sql = `SELECT (SELECT COUNT(*) FROM tasks) AS inserted,
  (SELECT COALESCE(SUM(fence), 0) FROM tasks) AS claimed,
  (SELECT COUNT(*) FROM tasks WHERE sweep_at IS NULL) AS settled,
  (SELECT COUNT(*) FROM steps WHERE status = 'intent') AS intents,
  (SELECT COUNT(*) FROM steps WHERE status <> 'intent') AS done,
  (SELECT COUNT(*) FROM batches WHERE expanded > 0 AND expanded < total) AS half,
  (SELECT COALESCE(SUM(due_at), 0) FROM walks) AS walks`;

type DiskState = Record<
  "inserted" | "claimed" | "settled" | "intents" | "done" | "half" | "walks",
  number
>;

export function watchDisk(stateDir: string, onPoint: (point: string) => void): { stop(): void } {
  let last: (DiskState & { objects: number }) | null = null;
  let db: DatabaseSync | null = null;
  const poll = (): void => {
    try {
      db ??= new DatabaseSync(findDatabase(stateDir), { readOnly: true });
      const current = {
        ...(db.prepare(sql).get() as unknown as DiskState),
        objects: countObjects(stateDir),
      };
      if (last !== null) for (const point of pointsBetween(last, current)) onPoint(point);
      last = current;
    } catch {
      // The file is locked or does not exist yet; the next poll is soon.
    }
  };
  const timer = setInterval(poll, everyMs);
  return {
    /** May be called twice. */
    stop() {
      clearInterval(timer);
      db?.close();
      db = null;
    },
  };
}

/** Makes every cleanup of the sweep due, while the fleet is stopped. */
export function makeCleanupsDue(stateDir: string): void {
  const db = new DatabaseSync(findDatabase(stateDir));
  db.exec("UPDATE walks SET due_at = 0");
  db.close();
}

function pointsBetween(
  last: DiskState & { objects: number },
  current: DiskState & { objects: number },
): string[] {
  const points: [string, boolean][] = [
    ["task inserted", current.inserted > last.inserted],
    ["batch half expanded", current.half > last.half],
    ["task claimed", current.claimed > last.claimed],
    ["intent written", current.intents > last.intents],
    ["step journaled", current.done > last.done],
    ["object put", current.objects > last.objects],
    ["task settled", current.settled > last.settled],
    ["cleanup taken", current.walks !== last.walks],
  ];
  return points.filter(([, isReached]) => isReached).map(([point]) => point);
}

function findDatabase(stateDir: string): string {
  const folder = path.join(stateDir, "v3/d1/miniflare-D1DatabaseObject");
  const name = fs.readdirSync(folder).find((each) => /^[0-9a-f]{64}\.sqlite$/.test(each));
  if (name === undefined) throw new Error("the database does not exist yet");
  return path.join(folder, name);
}

function countObjects(stateDir: string): number {
  const folder = path.join(stateDir, "v3/r2/flotilla/blobs");
  return fs.existsSync(folder) ? fs.readdirSync(folder).length : 0;
}
