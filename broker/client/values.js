// What is given to the library, and what it receives.

export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

export function demand(isFine, complaint) {
  if (!isFine) throw new TypeError(`WebRocket: ${complaint}`);
}

// The broker refuses the same, but cannot say which call was wrong.
export function demandEventName(name) {
  demand(typeof name === 'string' && name !== '', 'an event needs a name');
  demand(!/^:|\/:|[\0-\x1f\x7f]/.test(name), `no event may be called ${JSON.stringify(name)}`);
}

export function demandObject(value, what) {
  demand(value === undefined || value === null || isObject(value), `${what} must be an object`);
}

// Frames are made when the call is made: what cannot be JSON is refused there, and what waits does
// not change meanwhile.
export const frame = (command, payload) => JSON.stringify({ [command]: payload });

// Nothing for what is not of the protocol's form.
export function read(text) {
  try {
    const message = JSON.parse(text);
    const [event] = Object.keys(message);
    return isObject(message) && isObject(message[event]) ? [event, message[event]] : [];
  } catch {
    return [];
  }
}

export async function fetchToken(url, signal) {
  const headers = { Accept: 'application/json' };
  const response = await fetch(url, { signal, headers, cache: 'no-store' });
  const { status } = response;
  const token = status === 200 && (await response.json().catch(() => null))?.token;
  if (typeof token === 'string' && token !== '') return token;
  const reason = status === 200 ? 'no token in the answer' : `HTTP status ${status}`;
  throw Object.assign(new Error(reason), { httpStatus: status });
}
