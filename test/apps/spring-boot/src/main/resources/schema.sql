create table if not exists note (id identity primary key, text varchar not null);
