// What supabase-js shows to two users and to nobody, as one JSON document. Arguments: URL, anon key, service key, e-mail.
import { createClient } from "@supabase/supabase-js";

const [url, anonKey, serviceKey, email] = process.argv.slice(2);
// Node 20 has no WebSocket, and the client wants to see one although nothing here is realtime.
const realtime = { transport: globalThis.WebSocket ?? class {} };
const options = { realtime, auth: { persistSession: false, autoRefreshToken: false } };
const client = (key) => createClient(url, key, options);
const need = ({ data, error }) => {
  if (error) throw error;
  return data;
};

async function signedUp(address) {
  const user = client(anonKey);
  need(await user.auth.signUp({ email: address, password: "correct horse" }));
  await user.auth.signOut();
  const session = need(await user.auth.signInWithPassword({ email: address, password: "correct horse" }));
  return [user, session.user.id];
}

async function ended(service, user_id, kind, payload, status, count) {
  const created = need(await service.rpc("job_create", { p_user_id: user_id, p_kind: kind, p_payload: payload }));
  const id = created.job.id;
  const files = Array.from({ length: count }, (_, n) => ({ key: `media/${id}/${n}.png`, width: 64, height: 32 }));
  const nothing = { p_provider_job_id: null, p_phase: null, p_progress: null, p_result: null };
  need(await service.rpc("job_provider_event", { p_job_id: id, p_status: status, p_files: files, ...nothing }));
  return id;
}

const anon = client(anonKey);
const service = client(serviceKey);
const [ada, adaId] = await signedUp(email);
const [bob] = await signedUp(`bob-${email}`);
need(await service.rpc("account_set", { p_user_id: adaId, p_credits: 10 }));
const image = await ended(service, adaId, "image", { num_images: 2 }, "completed", 2);
await ended(service, adaId, "video", { duration_seconds: 3 }, "failed", 0);

const ledger = () => ada.from("credit_ledger").select("amount", { count: "exact" });
const amounts = (rows) => rows.map((row) => row.amount);
const holds = await ledger().lt("amount", 0).in("reason", ["hold", "refund"]).order("amount").range(0, 0);
const files = ada.from("media_files").select("ordinal").like("key", `media/${image}/%`);
const told = () => ada.from("notifications").select("type");
const code = async (query) => (await query).error?.code;
const wish = { user_id: adaId, kind: "image", payload: {} };
const own = ["jobs", "accounts", "credit_ledger", "media_files", "notifications"];
const counted = async (who) => {
  const answers = own.map(async (name) => (await who.from(name).select("*", { count: "exact", head: true })).count);
  return Promise.all(answers);
};

const seen = {
  plans: need(await ada.from("plans").select("name").gte("credits", 500).order("credits", { ascending: false })),
  prices: need(await anon.from("prices").select("kind, credits, unit").order("kind")),
  account: need(await ada.from("accounts").select("credits, plan").single()),
  ledger: amounts(need(await ledger().order("id"))),
  holds: [amounts(need(holds)), holds.count],
  either: amounts(need(await ledger().or("reason.eq.grant,amount.gt.2").order("amount", { ascending: false }))),
  files: need(await files.gte("width", 64).order("ordinal", { ascending: false })).map((file) => file.ordinal),
  told: need(await told().is("read_at", null).order("type")).map((one) => one.type),
  good: need(await told().not("type", "eq", "job_failed")).length,
  sum: need(await ada.rpc("add", { a: 1, b: 2 })),
  listed: need(await service.rpc("job_list", { p_user_id: adaId, p_limit: 1 })).length,
  ada: await counted(ada),
  bob: await counted(bob),
  refused: [
    await code(ada.from("idempotency_keys").select()),
    await code(ada.from("webhook_deliveries").select()),
    await code(ada.from("accounts").update({ credits: 1000 }).eq("user_id", adaId)),
    await code(ada.from("credit_ledger").insert({ user_id: adaId, amount: 1000, reason: "grant" })),
    await code(ada.rpc("account_set", { p_user_id: adaId, p_credits: 1000 })),
    await code(anon.from("accounts").select()),
    await code(bob.from("jobs").insert(wish)),
  ],
  dear: await code(ada.from("jobs").insert({ ...wish, payload: { num_images: 9 } })),
  many: await code(ada.from("jobs").insert(Array(6).fill(wish))),
  after: await counted(ada),
};
console.log(JSON.stringify(seen));
