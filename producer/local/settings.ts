/**
 * Whether the variables of `npm start` can be read. A setting that is not understood stops the start: a
 * deployed Worker closes what hangs on it and logs why, and a person at a terminal would look for it long.
 */

import { readServers } from "../../consumer/mcp/servers.ts";
import { parseHosts } from "../../shared/local_hosts.ts";
import { readProfiles } from "../../shared/models/profile_overrides.ts";
import { routeOf } from "../../shared/serving.ts";
import { readSpendCeiling } from "../../shared/spend_ceiling.ts";
import { mailboxFaults } from "../ingress/mailbox.ts";
import { readRetention } from "../sweep/retention_days.ts";

/** The first fault, in words that say what to write; null where all can be read. */
export function settingsFault(env: Readonly<Record<string, string | undefined>>): string | null {
  const read = [
    parseHosts(env.FLEET_HOSTS, "local"),
    readProfiles(env.MODEL_PROFILES),
    readRetention(env.RETENTION_DAYS),
    readSpendCeiling(env.SPEND_PER_DAY_USD),
    readServers(env.MCP_SERVERS),
  ];
  for (const one of read) if (!one.ok) return one.message;
  const [mailbox] = mailboxFaults(env.FLEET_MAILBOXES, "default", true);
  return endpointFault(env) ?? shellFault(env.BASH_TOOL) ?? mailbox ?? null;
}

function endpointFault({
  MODEL_BASE_URL: baseUrl = "",
  MODEL_RPM: rpm = "",
}: Readonly<Record<string, string | undefined>>): string | null {
  // Any model that is nobody's in particular goes there.
  const route = routeOf("model", { workersAi: false, baseUrl });
  if (baseUrl !== "" && route.kind === "none") {
    return `${route.missing} It is ${JSON.stringify(baseUrl)}; write an address such as http://127.0.0.1:11434/v1.`;
  }
  return rpm === "" || Number(rpm) > 0
    ? null
    : `MODEL_RPM is ${JSON.stringify(rpm)}: write how many requests a minute the endpoint takes, such as 60.`;
}

/** What a person should know of a model and an endpoint that do not go together; null where they do. */
export function modelNote({
  MODEL: model = "rehearsal",
  MODEL_BASE_URL: baseUrl = "",
}: Readonly<Record<string, string | undefined>>): string | null {
  const route = routeOf(model, { workersAi: false, baseUrl });
  if (route.kind === "none") return route.missing;
  return route.kind === "rehearsal" && baseUrl !== ""
    ? "MODEL_BASE_URL is set and MODEL is not: set MODEL to what the endpoint calls its model, or name it in each task."
    : null;
}

const shellFault = (bash = ""): string | null =>
  ["", "on", "off"].includes(bash)
    ? null
    : `BASH_TOOL is ${JSON.stringify(bash)}: write on, or leave it out.`;
