/** The version in package.json, which is not read, because a bundle has none. */
export const version: string = '0.1.0';
