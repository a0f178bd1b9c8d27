import { Random } from "./random.ts";

export interface Customer {
  id: string;
  name: string;
  email: string;
  phone: string | null;
  company: string | null;
  city: string;
  country: string;
  segment: "consumer" | "cafe" | "office" | "reseller";
  signed_up_at: string;
  newsletter: boolean;
}

const givenNames =
  "Ada Amina Anouk Bruno Carla Chen Clara Dmitri Elif Emeka Emma Felix Greta Hana Hugo Ines Ivan Jonas Julia Kaito Karim Lea Liam Lucia Luka Maja Marco Mei Mira Nadia Niels Noor Olga Omar Oscar Paula Priya Rafael Rosa Samir Sofia Tariq Thea Tomas Vera Viktor Yara Yusuf Zoe Wiktor".split(
    " ",
  );
const familyNames =
  "Abbas Almeida Andersson Aydin Bakker Bauer Bianchi Costa Diallo Dubois Eriksen Farkas Ferrari Fischer Garcia Haddad Hansen Hoffmann Horvat Ibrahim Ivanova Jansen Jensen Keller Kim Kovacs Kowalska Laurent Lindqvist Lopez Martin Meyer Moreau Nakamura Novak Okafor Olsen Park Pereira Petrov Popescu Rossi Santos Sato Schmid Silva Singh Suzuki Tanaka Virtanen Weber Wang Yilmaz Zhang".split(
    " ",
  );
const towns = [
  ["DE", "Berlin"], ["DE", "Hamburg"], ["DE", "Leipzig"], ["DE", "Freiburg"],
  ["FR", "Lyon"], ["FR", "Nantes"], ["FR", "Paris"], ["IT", "Torino"], ["IT", "Bologna"],
  ["ES", "Valencia"], ["ES", "Bilbao"], ["NL", "Utrecht"], ["NL", "Rotterdam"],
  ["GB", "Bristol"], ["GB", "Leeds"], ["CH", "Basel"], ["CH", "Bern"],
  ["US", "Portland"], ["US", "Chicago"], ["SE", "Malmö"], ["PL", "Gdańsk"], ["PT", "Porto"],
] as const;
const mailHosts = ["mail.example", "post.example", "inbox.example", "letters.example.org"] as const;
const companyWords = ["Roastery", "Bakery", "Studio", "Books", "Cowork", "Kitchen", "Clinic"] as const;

/** 240 customers; 18 of them are duplicates with another spelling. */
export function makeCustomers(): Customer[] {
  const random = new Random(20_250_301);
  const people: Customer[] = [];
  const names = new Set<string>();
  while (people.length < 222) {
    const name = `${random.pick(givenNames)} ${random.pick(familyNames)}`;
    if (names.has(name)) {
      continue;
    }
    names.add(name);
    people.push(createPerson(random, people.length + 1, name));
  }
  for (let copy = 0; copy < 18; copy += 1) {
    const source = people[copy * 11 + 3];
    if (source !== undefined) {
      people.push(duplicateOf(random, people.length + 1, source));
    }
  }
  return people;
}

function createPerson(random: Random, number: number, name: string): Customer {
  const [country, city] = random.pick(towns);
  const segment = random.weighted([
    ["consumer", 70], ["cafe", 14], ["office", 10], ["reseller", 6],
  ] as const);
  const last = name.split(" ")[1] ?? name;
  return {
    id: customerId(number),
    name,
    email: `${name.toLowerCase().replace(" ", ".")}@${random.pick(mailHosts)}`,
    phone: random.chance(0.7) ? `+${random.whole(30, 49)} ${random.whole(100, 999)} ${random.whole(100_000, 999_999)}` : null,
    company: segment === "consumer" ? null : `${last} ${random.pick(companyWords)}`,
    city,
    country,
    segment,
    signed_up_at: dateAfter(random.whole(0, 800)),
    newsletter: random.chance(0.55),
  };
}

/** The same e-mail in another case, with a tag or with spaces; a later date; often no phone. */
function duplicateOf(random: Random, number: number, source: Customer): Customer {
  const [user = "", host = ""] = source.email.split("@");
  const email = random.pick([
    source.email.toUpperCase(),
    ` ${source.email} `,
    `${user}+shop@${host}`,
    `${user.charAt(0).toUpperCase()}${user.slice(1)}@${host}`,
  ]);
  return {
    ...source,
    id: customerId(number),
    name: random.chance(0.5) ? source.name.toUpperCase() : source.name.replace(" ", "  "),
    email,
    phone: random.chance(0.5) ? null : source.phone,
    signed_up_at: dateAfter(801 + number),
  };
}

function customerId(number: number): string {
  return `C${String(1_000 + number)}`;
}

/** `days` after 2022-01-10, as YYYY-MM-DD. */
function dateAfter(days: number): string {
  return new Date(Date.UTC(2022, 0, 10) + days * 86_400_000).toISOString().slice(0, 10);
}
