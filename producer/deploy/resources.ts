/** What both Workers need of an account, read from their settings, so that a new queue needs no second list. */
import type { Settings } from "./settings.ts";

export type Resource = { kind: "database" | "bucket" | "queue"; name: string };

/** Each once, databases and buckets first, in the order of the files. */
export function resourcesOf(all: readonly Settings[]): Resource[] {
  const found = new Map<string, Resource>();
  const need = (kind: Resource["kind"], name: unknown): void => {
    if (typeof name === "string") found.set(`${kind} ${name}`, { kind, name });
  };
  for (const { d1_databases } of all) {
    for (const each of entries(d1_databases)) need("database", each.database_name);
  }
  for (const { r2_buckets } of all) {
    for (const each of entries(r2_buckets)) need("bucket", each.bucket_name);
  }
  for (const { queues } of all) {
    const { producers, consumers } = (queues ?? {}) as Settings;
    for (const each of entries(producers)) need("queue", each.queue);
    for (const each of entries(consumers)) {
      need("queue", each.queue);
      need("queue", each.dead_letter_queue);
    }
  }
  return [...found.values()];
}

const entries = (value: unknown): Settings[] => (Array.isArray(value) ? (value as Settings[]) : []);
