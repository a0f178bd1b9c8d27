/** The resources of an account that both Workers need, read from their settings, so that there is no second list. */
import type { Settings } from "./settings.ts";

export type Resource = { kind: "database" | "bucket" | "queue"; name: string };

/** Without duplicates; databases and buckets first. */
export function resourcesOf(workers: readonly Settings[]): Resource[] {
  const resources = new Map<string, Resource>();
  const add = (kind: Resource["kind"], name: unknown): void => {
    if (typeof name === "string") resources.set(`${kind} ${name}`, { kind, name });
  };
  for (const { d1_databases } of workers) {
    for (const each of entries(d1_databases)) add("database", each.database_name);
  }
  for (const { r2_buckets } of workers) {
    for (const each of entries(r2_buckets)) add("bucket", each.bucket_name);
  }
  for (const { queues } of workers) {
    const { producers, consumers } = (queues ?? {}) as Settings;
    for (const each of entries(producers)) add("queue", each.queue);
    for (const each of entries(consumers)) {
      add("queue", each.queue);
      add("queue", each.dead_letter_queue);
    }
  }
  return [...resources.values()];
}

const entries = (value: unknown): Settings[] => (Array.isArray(value) ? (value as Settings[]) : []);
