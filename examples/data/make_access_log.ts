import { makeProducts } from "./make_products.ts";
import { Random } from "./random.ts";

const browsers = [
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
  "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
] as const;
const bots = [
  "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
  "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
  "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
] as const;
const scanner = "python-requests/2.31.0";
const start = Date.UTC(2025, 5, 12, 0, 0, 5);

interface Hit {
  /** Seconds after the log's start. */
  at: number;
  ip: string;
  method: string;
  path: string;
  status: number;
  bytes: number;
  referrer: string;
  agent: string;
  seconds: number;
}

/**
 * One day of a shop's access log, combined format plus the request time in seconds.
 * It has three incidents: an outage of the checkout from 13:40 to 13:52 (502), one address that guesses
 * passwords from 03:10, and a scanner for admin pages. All addresses are reserved for documentation.
 */
export function accessLog(): string {
  const random = new Random(20_250_612);
  const hits = [...visitors(random), ...outage(random), ...guesser(random), ...probes(random)];
  return `${hits
    .sort((a, b) => a.at - b.at)
    .map(line)
    .join("\n")}\n`;
}

function visitors(random: Random): Hit[] {
  const products = makeProducts();
  return Array.from({ length: 860 }, () => {
    const bot = random.chance(0.14);
    const path = random.weighted([
      ["/", 20],
      [`/products/${random.pick(products).sku}`, 38],
      [`/search?q=${random.pick(["espresso", "grinder", "sencha", "filter+paper", "gift"])}`, 12],
      ["/cart", 9],
      ["/checkout", 6],
      ["/static/app.css", 10],
      ["/api/stock", 8],
      ["/products/OLD-99", 2],
    ]);
    const missing = path === "/products/OLD-99";
    const status = missing ? 404 : random.weighted([[200, 90], [304, 6], [301, 2], [500, 1.2]] as const);
    const slow = path.startsWith("/search") ? random.chance(0.2) : random.chance(0.015);
    return {
      at: Math.floor(random.next() * 86_300),
      ip: bot ? `192.0.2.${random.whole(2, 9)}` : `198.51.100.${random.whole(1, 120)}`,
      method: path === "/checkout" ? "POST" : "GET",
      path,
      status,
      bytes: status === 304 ? 0 : random.whole(310, 48_000),
      referrer: random.chance(0.4) ? "https://shop.example/" : "-",
      agent: bot ? random.pick(bots) : random.pick(browsers),
      seconds: slow ? 1 + random.next() * 6 : 0.01 + random.next() * 0.4,
    };
  });
}

function outage(random: Random): Hit[] {
  return Array.from({ length: 46 }, (_, at) => ({
    at: 13 * 3_600 + 40 * 60 + at * 15 + random.whole(0, 9),
    ip: `198.51.100.${random.whole(1, 120)}`,
    method: "POST",
    path: "/checkout",
    status: 502,
    bytes: 157,
    referrer: "https://shop.example/cart",
    agent: random.pick(browsers),
    seconds: 30 + random.next(),
  }));
}

function guesser(random: Random): Hit[] {
  return Array.from({ length: 58 }, (_, at) => ({
    at: 3 * 3_600 + 10 * 60 + at * 4,
    ip: "203.0.113.77",
    method: "POST",
    path: "/login",
    status: at === 57 ? 302 : 401,
    bytes: at === 57 ? 0 : 212,
    referrer: "-",
    agent: scanner,
    seconds: 0.08 + random.next() * 0.05,
  }));
}

function probes(random: Random): Hit[] {
  const paths = ["/wp-login.php", "/.env", "/admin/", "/phpmyadmin/", "/.git/config", "/backup.zip"];
  return paths.flatMap((path, at) =>
    Array.from({ length: 4 }, (_, again) => ({
      at: 17 * 3_600 + at * 9 + again * 700,
      ip: "203.0.113.200",
      method: "GET",
      path,
      status: path === "/admin/" ? 403 : 404,
      bytes: 153,
      referrer: "-",
      agent: "Mozilla/5.0 zgrab/0.x",
      seconds: 0.005 + random.next() * 0.01,
    })),
  );
}

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

function line(hit: Hit): string {
  const time = new Date(start + hit.at * 1_000);
  const two = (value: number) => String(value).padStart(2, "0");
  const stamp = `${two(time.getUTCDate())}/${months[time.getUTCMonth()] ?? ""}/${time.getUTCFullYear()}:${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())} +0000`;
  return `${hit.ip} - - [${stamp}] "${hit.method} ${hit.path} HTTP/1.1" ${hit.status} ${hit.bytes} "${hit.referrer}" "${hit.agent}" ${hit.seconds.toFixed(3)}`;
}
