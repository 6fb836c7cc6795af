/** The example application in the config of the Debian package, which gives way to an application of one's own. Pure. */

/** The end of /etc/tenement/tenement.toml, as the package has it. */
export const EXAMPLE = `# This example gives way to your application: \`tenement init DIR\` finds out what runs the one in a directory, and
# \`tenement init --command LINE\` takes the command from you. Until then, try it with \`tenement spawn notes --id acme\`, which
# makes http://acme.localhost:8080/ answer.
[service.notes]
command = "/usr/lib/tenement/bin/node /usr/share/tenement/examples/notes/app.js"
health = "/health"
# Each customer's process has a user id of its own.
user = "dynamic"
memory_limit_mb = 256
`;

/** Returns the config with other text in the place of the example; null: it has no example, or one that was edited. */
export function replaceExample(config: string, text: string): string | null {
  return config.includes(EXAMPLE) ? config.replace(EXAMPLE, () => text) : null;
}
