/** Configurations whose only governor is in memory, without a Durable Object. */
import type { ConsumerConfig } from "../../consumer/config/config.ts";
import { GovernorCore } from "../../consumer/governor/core.ts";

/** What a governor has received and stored. */
export interface GovernorUse {
  requests: number;
  rowsStored: number;
  /** The size of the last row. */
  rowBytes: number;
}

export const noUse = (): GovernorUse => ({ requests: 0, rowsStored: 0, rowBytes: 0 });

/** A governor whose waits are those of `setTimeout`, so that simulated time includes them. */
export function memoryGovernor(use: GovernorUse = noUse()): GovernorCore {
  const rows = new Map<string, unknown>();
  const storage = {
    get: async (keys: string[]) => new Map([...rows].filter(([key]) => keys.includes(key))),
    async put(key: string, value: unknown) {
      use.rowsStored += 1;
      use.rowBytes = JSON.stringify(value).length;
      rows.set(key, value);
    },
  };
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const core = new GovernorCore(storage, wait);
  return new Proxy(core, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        use.requests += 1;
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
}

/** Isolates that share one governor. */
export function isolatesWithGovernor(
  count: number,
  requestsPerMinute: number,
  use: GovernorUse,
): ConsumerConfig[] {
  const governor = memoryGovernor(use);
  return Array.from({ length: count }, () => configWith(governor, requestsPerMinute));
}

export function configWith(governor: object, requestsPerMinute: number): ConsumerConfig {
  const env = {
    MODEL_BASE_URL: "http://limited.invalid/v1",
    MODEL_RPM: String(requestsPerMinute),
    GOVERNOR: { idFromName: (name: string) => name, get: () => governor },
  };
  return { env } as unknown as ConsumerConfig;
}
