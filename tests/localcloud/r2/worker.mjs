// Calls the R2 binding MEDIA: POST /call with [method, ...arguments], or PUT and GET /object/<key> to stream.

function described(object) {
  if (object === null || object === undefined) return null;
  const { key, version, size, etag, httpEtag, uploaded, httpMetadata, customMetadata, range } = object;
  const checksums = object.checksums.toJSON();
  return { key, version, size, etag, httpEtag, uploaded, httpMetadata, customMetadata, range, checksums };
}

function revive(name, value) {
  return ["uploadedBefore", "uploadedAfter", "cacheExpiry"].includes(name) ? new Date(value) : value;
}

async function call(bucket, method, args) {
  const result = await bucket[method](...args);
  if (method === "list") return { ...result, objects: result.objects.map(described) };
  if (method !== "get" || result === null) return described(result);
  return { ...described(result), text: result.body ? await result.text() : null };
}

async function stream(request, bucket, key) {
  if (request.method === "PUT") {
    return Response.json(described(await bucket.put(key, request.body, { httpMetadata: request.headers })));
  }
  const object = await bucket.get(key, { range: request.headers, onlyIf: request.headers });
  if (object === null) return new Response(null, { status: 404 });
  const headers = new Headers({ etag: object.httpEtag });
  object.writeHttpMetadata(headers);
  return object.body ? new Response(object.body, { headers }) : new Response(null, { status: 304, headers });
}

export default {
  async fetch(request, { MEDIA }) {
    const { pathname } = new URL(request.url);
    try {
      if (pathname.startsWith("/object/")) return await stream(request, MEDIA, pathname.slice(8));
      const [method, ...args] = JSON.parse(await request.text(), revive);
      return Response.json(await call(MEDIA, method, args));
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  },
};
