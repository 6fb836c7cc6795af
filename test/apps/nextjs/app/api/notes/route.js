import { add, notes } from '../../notes.js';

export const dynamic = 'force-dynamic';

export async function GET() {
  return Response.json(await notes());
}

export async function POST(request) {
  await add((await request.json()).text);
  return Response.json(await notes(), { status: 201 });
}
