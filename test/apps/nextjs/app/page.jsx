import { notes } from './notes.js';

// Each tenant has its own: nothing of it may be rendered at build time or kept in the shared build.
export const dynamic = 'force-dynamic';

export default async function Page() {
  return (
    <main>
      <h1>Notes of {process.env.TENANT_ID}</h1>
      <ul>
        {(await notes()).map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </main>
  );
}
