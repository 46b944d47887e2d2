-- What another PostgreSQL needs before it can hold partitions of this survey (etc/store.yaml, servers.others).
-- Its superuser runs this once, in a database made for it, with the name of the role that the connection string has:
--
--     createdb survey && psql -d survey -v role=survey -f etc/other-server.sql
--
-- Then give the role a password (\password survey), or let pg_hba.conf know the account of this machine; take the lines
-- of etc/postgresql.conf over; write the connection string into etc/store.yaml and run 'twomass publish' again. It
-- makes, fills and indexes the partitions there, and 'twomass publish' of later releases removes them.
--
-- What is made here, in the site's own database, has these options (processing/publish/homes.py):
--   extensions 'q3c'             conditions with q3c_ang2ipix are sent there, where the index of positions is
--   use_remote_estimate 'true'   the other server is asked what a query costs: without it no table that a user uploads
--                                is joined by position through its index
--   fetch_size '10000'           rows that come at a time, 5 MB of the points; the default is 100
--   async_capable 'true'         several other servers work on a query at the same time
--   password_required 'false'    when the connection string has no password; the other server has to know the account
--
-- Known: sums and counts over the whole sky fetch one empty row for each of the other server's (aggregates of parts are
-- not sent), so they are as slow as reading; a backup there, and its start, are its administrator's.

\set ON_ERROR_STOP on

CREATE EXTENSION IF NOT EXISTS q3c;

SELECT format('CREATE ROLE %I LOGIN', :'role')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec

-- One schema a release.
GRANT CREATE ON DATABASE :DBNAME TO :"role";
