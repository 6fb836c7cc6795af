require 'sinatra'
require 'pstore'

set :sessions, secret: ENV.fetch('SESSION_SECRET')
store = PStore.new(File.join(ENV.fetch('DATA_DIR'), 'notes.pstore'), true)

get('/health') { 'ok' }

get('/') do
  notes = store.transaction(true) { store.fetch(:notes, []) }
  erb '<p>You: <%= session[:name] %></p><% notes.each do |note| %><p><%= Rack::Utils.escape_html(note) %></p><% end %>',
      locals: { notes: notes }
end

post('/') do
  session[:name] = params[:name]
  store.transaction { store[:notes] = store.fetch(:notes, []) + [params[:text]] }
  redirect '/'
end

run Sinatra::Application
