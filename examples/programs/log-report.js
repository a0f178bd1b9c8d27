import fs from "node:fs";

const pattern =
  /^(\S+) \S+ \S+ \[([^\]]+)\] "(\S+) (\S+) [^"]*" (\d+) (\d+) "[^"]*" "([^"]*)" ([\d.]+)$/;
const hits = fs
  .readFileSync("access.log", "utf8")
  .trim()
  .split("\n")
  .map((line) => {
    const [, ip, at, method, path, status, bytes, agent, seconds] = pattern.exec(line);
    return {
      ip,
      hour: at.slice(12, 14),
      method,
      path,
      status: Number(status),
      bytes: Number(bytes),
      agent,
      seconds: Number(seconds),
    };
  });
const isBot = ({ agent }) => /bot|zgrab|python-requests/i.test(agent);
const count = (test) => hits.filter(test).length;
const errors = count(({ status }) => status >= 500);
const byPath = new Map();
for (const { path, status } of hits) {
  if (status >= 500) byPath.set(path, (byPath.get(path) ?? 0) + 1);
}
const worst = [...byPath].sort(([, a], [, b]) => b - a)[0];
const slow = hits.filter(({ seconds, status }) => seconds >= 1 && status < 500);
const summary = {
  requests: hits.length,
  errors,
  bots: count(isBot),
  slow: slow.length,
  worst_path: worst[0],
  worst_count: worst[1],
};
const hours = Array.from({ length: 24 }, (_, at) => String(at).padStart(2, "0"));
const report = [
  "# Access log, 12 June 2025",
  "",
  `${summary.requests} requests, ${errors} server errors, ${summary.bots} by robots, ${slow.length} slower than a second.`,
  `Most errors: \`${worst[0]}\` (${worst[1]}).`,
  "",
  "| hour | requests | server errors |",
  "| --- | ---: | ---: |",
  ...hours.map(
    (hour) =>
      `| ${hour} | ${count((hit) => hit.hour === hour)} | ${count((hit) => hit.hour === hour && hit.status >= 500)} |`,
  ),
];
fs.writeFileSync("report.md", `${report.join("\n")}\n`);
console.log(JSON.stringify(summary));
