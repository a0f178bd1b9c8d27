/**
 * Checks the variables of `npm start`. An invalid value stops the start with a message: a deployed Worker
 * instead rejects what depends on it and logs why, which a user at a terminal would not see.
 */
import { endpointUrls } from "../../shared/addresses/endpoint_urls.ts";
import { parseHosts } from "../../shared/addresses/local_hosts.ts";
import { readServers } from "../../shared/addresses/mcp_servers.ts";
import { concurrencyLimits } from "../../shared/limits.ts";
import { readProfiles } from "../../shared/models/profile_overrides.ts";
import { parsePatience } from "../../shared/platform/patience.ts";
import { routeOf } from "../../shared/platform/serving.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { readSpendCeiling } from "../../shared/spend/spend_ceiling.ts";
import { findMailboxFaults } from "../ingress/mailbox.ts";
import { readRetention } from "../sweep/retention_days.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** The error is about the first invalid variable and says what to write. */
export function checkSettings(env: Variables): Result<null, string> {
  const parsed = [
    parseHosts(env.FLEET_HOSTS, "local"),
    readProfiles(env.MODEL_PROFILES),
    readRetention(env.RETENTION_DAYS),
    readSpendCeiling(env.SPEND_PER_DAY_USD),
    readServers(env.MCP_SERVERS),
    checkEndpoint(env),
    checkConcurrency(env.FLEET_CONCURRENCY),
    checkPatience(env.MODEL_PATIENCE),
    checkBashTool(env.BASH_TOOL),
  ];
  for (const result of parsed) {
    if (!result.ok)
      return err(typeof result.error === "string" ? result.error : result.error.message);
  }
  const [mailboxFault] = findMailboxFaults(env.FLEET_MAILBOXES, "default", true);
  return mailboxFault === undefined ? ok(null) : err(mailboxFault);
}

function checkEndpoint(env: Variables): Result<null, string> {
  const { MODEL_BASE_URL: baseUrl = "", MODEL_RPM: rpm = "" } = env;
  const urls = endpointUrls(baseUrl);
  if (baseUrl !== "" && !urls.ok) return urls;
  if (rpm === "" || Number(rpm) > 0) return ok(null);
  return err(
    `MODEL_RPM is ${JSON.stringify(rpm)}: write how many requests per minute the endpoint allows, such as 60.`,
  );
}

function checkConcurrency(value = ""): Result<null, string> {
  const tasks = Number(value);
  const { localDefault, localMax } = concurrencyLimits;
  if (value === "" || (Number.isInteger(tasks) && tasks >= 1 && tasks <= localMax)) return ok(null);
  return err(
    `FLEET_CONCURRENCY is ${JSON.stringify(value)}, the tasks in progress at once: write a whole number from 1 to ${localMax}, such as ${localDefault}.`,
  );
}

const checkPatience = (value = ""): Result<null, string> =>
  value === "" || parsePatience(value) !== null
    ? ok(null)
    : err(
        `MODEL_PATIENCE is ${JSON.stringify(value)}, how long an outage of the model's endpoint is waited out: write a number and s, m, h or d, such as 30m or 1h.`,
      );

const checkBashTool = (value = ""): Result<null, string> =>
  ["", "on", "off"].includes(value)
    ? ok(null)
    : err(`BASH_TOOL is ${JSON.stringify(value)}: write on, or leave it out.`);

/** A hint if MODEL and MODEL_BASE_URL do not fit together; null if they do. */
export function modelHint({
  MODEL: model = "rehearsal",
  MODEL_BASE_URL: baseUrl = "",
}: Variables): string | null {
  const route = routeOf(model, { workersAi: false, baseUrl });
  if (route.kind === "none") return route.missing;
  return route.kind === "rehearsal" && baseUrl !== ""
    ? "MODEL_BASE_URL is set, but MODEL is not: set MODEL to the endpoint's name of the model, or name a model in each task."
    : null;
}
