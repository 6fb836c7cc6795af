/** The frame around all screens. */
import { useEffect, useRef } from 'preact/hooks';
import type { SessionView } from '../core/dashboard/views.ts';
import { ProblemBox } from './components/basics.tsx';
import { AskedQuestion, Help } from './components/dialogs.tsx';
import { Notices } from './components/notices.tsx';
import type { Screen } from './model/route.ts';
import { EventsScreen } from './screens/events.tsx';
import { HostScreen } from './screens/host.tsx';
import { InstancesScreen } from './screens/instances.tsx';
import { LogInScreen } from './screens/log-in.tsx';
import { OverviewScreen } from './screens/overview.tsx';
import { TenantScreen } from './screens/tenant/tenant.tsx';
import { TenantsScreen } from './screens/tenants.tsx';
import { dismissErrors } from './state/actions.ts';
import { helpIsOpen } from './state/asked.ts';
import { beginLive, endLive, liveError, liveState, rows } from './state/live.ts';
import { route } from './state/location.ts';
import { logOut, permissions, sessionState } from './state/session.ts';

export function App() {
  const state = sessionState.value;
  if (state.kind === 'unknown') return <p class="loading">Connecting…</p>;
  if (state.kind === 'out') return <LogInScreen problem={state.problem} />;
  return <Frame session={state.session} />;
}

function Frame({ session }: { session: SessionView }) {
  useEffect(() => {
    beginLive();
    return endLive;
  }, [session]);
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the content
      </button>
      <Header session={session} />
      <Main />
      <Notices />
      <AskedQuestion />
      <Help />
    </>
  );
}

function Header({ session }: { session: SessionView }) {
  return (
    <header class="top">
      <a class="brand" href="#/">
        tenement
      </a>
      <Navigation />
      <div class="account">
        <LiveMark />
        <span class="who" title={`${session.scope}: ${session.can.join(', ')}`}>
          {session.name}
        </span>
        <button
          type="button"
          class="quiet"
          aria-label="Keys and help"
          onClick={() => {
            helpIsOpen.value = true;
          }}
        >
          ?
        </button>
        {session.expiresAt !== null && (
          <button type="button" class="quiet" onClick={() => void logOut()}>
            Log out
          </button>
        )}
      </div>
    </header>
  );
}

const PLACES = [
  ['overview', '#/', 'Overview'],
  ['tenants', '#/tenants', 'Tenants'],
  ['instances', '#/instances', 'Instances'],
  ['events', '#/events', 'Events'],
  ['host', '#/host', 'Host'],
] as const;

function Navigation() {
  const { screen } = route.value;
  const current = screen.name === 'tenant' ? 'tenants' : screen.name;
  const shown = PLACES.filter(([name]) => name !== 'host' || permissions.value.seeHost);
  return (
    <nav aria-label="Screens">
      {shown.map(([name, path, title]) => (
        <a key={name} href={path} aria-current={name === current ? 'page' : undefined}>
          {title}
        </a>
      ))}
    </nav>
  );
}

const LIVE_TEXTS = {
  open: 'live',
  connecting: 'connecting…',
  lost: 'reconnecting…',
  resting: 'resting',
  ended: 'not live',
} as const;

function LiveMark() {
  const state = liveState.value;
  const title = liveError.value?.message ?? 'Changes appear as they happen';
  return (
    <span class={`live ${state}`} role="status" title={title}>
      {LIVE_TEXTS[state]}
    </span>
  );
}

const TITLES = {
  overview: 'Overview',
  tenants: 'Tenants',
  instances: 'Instances',
  events: 'Events',
  host: 'Host',
  unknown: 'Not found',
} as const;

/** Each screen gets the focus and a title of its own, as a page that is loaded would. */
function Main() {
  const { screen } = route.value;
  const name = screen.name === 'tenant' ? screen.tenant : TITLES[screen.name];
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${name} · tenement`;
    dismissErrors();
    if (isFirst.current) isFirst.current = false;
    else main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [name]);
  return (
    <main id="main" ref={main} tabIndex={-1} class={screen.name}>
      {rows.value === null ? <Waiting /> : <CurrentScreen screen={screen} />}
    </main>
  );
}

function Waiting() {
  const problem = liveError.value;
  return problem === null ? <p class="loading">Reading tenants…</p> : <ProblemBox problem={problem} />;
}

function CurrentScreen({ screen }: { screen: Screen }) {
  switch (screen.name) {
    case 'overview':
      return <OverviewScreen />;
    case 'tenants':
      return <TenantsScreen />;
    case 'instances':
      return <InstancesScreen />;
    case 'events':
      return <EventsScreen />;
    case 'host':
      return <HostScreen />;
    case 'tenant':
      return <TenantScreen key={screen.tenant} tenant={screen.tenant} tab={screen.tab} />;
    case 'unknown':
      return (
        <>
          <h1>Not found</h1>
          <p>
            There is no such screen. <a href="#/">Overview</a>
          </p>
        </>
      );
  }
}
