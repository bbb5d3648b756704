"use strict";
// Reads Envoy's own figures every two seconds, through the read-only paths that this listener lets through, and keeps the
// last five minutes in memory. Nothing is stored and nothing is sent anywhere else.

const PERIOD_MS = 2000;
const WINDOW = 150; // samples: five minutes
const STATS = "^(http\\.https\\.(downstream_rq_(total|2xx|5xx)|ext_authz\\.(ok|denied|error))|.*\\.rate_limited)$";
const samples = [];

// Text goes in as text, never as markup: host names and certificate names come from elsewhere.
function cell(text, style) {
  const td = document.createElement("td");
  td.textContent = text;
  if (style) td.className = style;
  return td;
}

function fill(id, rows) {
  document.getElementById(id).replaceChildren(...rows.map((cells) => {
    const tr = document.createElement("tr");
    tr.replaceChildren(...cells);
    return tr;
  }));
}

async function read(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status}`);
  return answer.json();
}

function counters(stats) {
  const value = (suffix) => stats.filter((s) => s.name && s.name.endsWith(suffix)).reduce((sum, s) => sum + s.value, 0);
  return {
    "requests": value("downstream_rq_total"),
    "allowed": value("ext_authz.ok"),
    "refused": value("ext_authz.denied"),
    "rate limited": value(".rate_limited"),
    "authorizer errors": value("ext_authz.error"),
    "5xx": value("downstream_rq_5xx"),
  };
}

function showCounters(now) {
  document.getElementById("counters").replaceChildren(...Object.entries(now).map(([name, count]) => {
    const box = document.createElement("div");
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = count.toLocaleString();
    if (count > 0 && (name === "authorizer errors" || name === "5xx")) dd.className = "bad";
    box.replaceChildren(dt, dd);
    return box;
  }));
}

function showChart() {
  const rates = samples.slice(1).map((s, i) => {
    const seconds = (s.at - samples[i].at) / 1000;
    const refusals = (x) => x.counts["refused"] + x.counts["rate limited"];
    return {
      all: Math.max(0, s.counts["requests"] - samples[i].counts["requests"]) / seconds,
      refused: Math.max(0, refusals(s) - refusals(samples[i])) / seconds,
    };
  });
  const peak = Math.max(1, ...rates.map((r) => r.all));
  const points = (key) => rates.map((r, i) => `${600 - (rates.length - 1 - i) * (600 / (WINDOW - 1))},${118 - 114 * r[key] / peak}`).join(" ");
  document.getElementById("line-all").setAttribute("points", points("all"));
  document.getElementById("line-refused").setAttribute("points", points("refused"));
  document.getElementById("peak").textContent = `peak ${peak.toFixed(1)}/s`;
}

function showUpstreams(clusters) {
  const rows = clusters.filter((c) => c.name !== "admin").sort((a, b) => a.name.localeCompare(b.name)).flatMap((cluster) =>
    (cluster.host_statuses || []).map((host) => {
      const stat = Object.fromEntries(host.stats.map((s) => [s.name, Number(s.value || 0)]));
      const failing = Object.keys(host.health_status).filter((k) => k.startsWith("failed_"));
      const address = host.address.socket_address;
      return [
        cell(cluster.name), cell(`${address.address}:${address.port_value}`),
        failing.length ? cell("failing", "bad") : cell("healthy", "good"),
        cell(stat.rq_total), cell(stat.rq_error, stat.rq_error ? "warn" : ""), cell(stat.rq_active),
      ];
    }));
  fill("upstreams", rows);
}

function showCertificates(certificates) {
  const seen = new Map(); // the same certificate serves several clusters
  for (const entry of certificates) {
    for (const [kind, list] of [["CA", entry.ca_cert], ["own", entry.cert_chain]]) {
      for (const certificate of list) seen.set(certificate.serial_number, [kind, certificate]);
    }
  }
  fill("certificates", [...seen.values()].map(([kind, certificate]) => {
    const days = Number(certificate.days_until_expiration);
    const names = certificate.subject_alt_names.map((n) => n.dns || n.ip_address || n.uri).join(", ");
    return [cell(kind), cell(names || "–"), cell(certificate.expiration_time.slice(0, 10)), cell(days, days < 7 ? "bad" : days < 30 ? "warn" : "good")];
  }));
}

async function refresh() {
  const problem = document.getElementById("problem");
  try {
    const [stats, clusters, certs, server] = await Promise.all([
      read(`/stats?format=json&filter=${encodeURIComponent(STATS)}`), read("/clusters?format=json"), read("/certs"), read("/server_info"),
    ]);
    const counts = counters(stats.stats);
    samples.push({ at: Date.now(), counts });
    if (samples.length > WINDOW) samples.shift();
    showCounters(counts);
    showChart();
    showUpstreams(clusters.cluster_statuses);
    showCertificates(certs.certificates);
    document.getElementById("server").textContent = `Envoy ${server.version.split("/")[1]}, ${server.state.toLowerCase()}, up ${server.uptime_current_epoch}`;
    problem.hidden = true;
  } catch (error) {
    problem.textContent = `Envoy did not answer: ${error.message}. Trying again.`;
    problem.hidden = false;
  }
  setTimeout(refresh, PERIOD_MS);
}

refresh();
