import fs from "node:fs";

const failedLogins = new Map();
const probes = new Map();
const errorMinutes = [];
for (const line of fs.readFileSync("access.log", "utf8").trim().split("\n")) {
  const [, ip, time, method, path, status] =
    /^(\S+) - - \[\d+\/\w+\/\d+:(\d\d:\d\d):\d\d [^\]]+\] "(\S+) (\S+) [^"]*" (\d+)/.exec(line);
  if (path === "/login" && status === "401") failedLogins.set(ip, (failedLogins.get(ip) ?? 0) + 1);
  if (/^\/(wp-|\.env|\.git|phpmyadmin|admin|backup)/.test(path))
    probes.set(ip, (probes.get(ip) ?? 0) + 1);
  if (method === "POST" && status === "502") errorMinutes.push(time);
}
const many = (counts, limit) =>
  [...counts].filter(([, count]) => count >= limit).map(([ip, count]) => ({ ip, count }));
console.log(
  JSON.stringify({
    password_guessing: many(failedLogins, 20),
    probing: many(probes, 5),
    outage: {
      from: errorMinutes[0],
      to: errorMinutes.at(-1),
      failed_checkouts: errorMinutes.length,
    },
  }),
);
