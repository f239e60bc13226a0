/** Of Google's access scopes; what may be done is for the account's roles to say. */
export const everything = 'https://www.googleapis.com/auth/cloud-platform'
