"""Common words of eight languages, for print that is rendered; the user's own words join them.

They are the words that every text of a language is made of, in no order that means anything.
"""

ENGLISH = """the of and to in that is was for with as his on be at by had not are but from have they
which one you were her all she there would their we him been has when who will more no if out so
said what up its about into than them can only other new some could time these two may then do first
any my now such like our over man me even most made after also did many before must through back
years where much your way well down should because each just those people how too little state good
very make world still own see men work long here get both between life being under never day same
another know while last might us great old year off come since against go came right used take three
small hospital amount total cash change date invoice street office letter received following account
member committee general report government number different although children village railway
tuesday october street company limited quality available public"""

GERMAN = """der die das und ist in den von zu mit sich des auf für nicht im dem ein eine als auch es
an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war
haben nur oder aber vor zur bis mehr durch man dann kein Straße Herr Frau Jahre Stadt Haus Zeit
Leute Arbeit Tag Abend Brief Amt Gemeinde Kinder Deutschland Wien Berlin wurde konnte müssen können
größer schließlich während zwischen gegen unter ihre seine unser dieser jetzt immer wieder zurück
wegen täglich Verhältnisse Personen Angelegenheit Schwierigkeiten Quittung Betrag Rechnung
Gesellschaft gewesen geschrieben erhalten folgende"""

FRENCH = """le la les de des du et un une à au en est dans que qui pour par sur pas ne se ce il elle
son sa ses avec plus ou mais nous vous leur été être fait cette tout comme même aux sans bien où
deux très après avant peut encore entre aussi donc alors toujours jamais monsieur madame année jour
ville maison temps homme femme enfants guerre français général siècle église théâtre première
dernière côté chez sous depuis pendant lettre gouvernement département société élève façon hôtel
fenêtre août décembre février œuvre cœur reçu montant total prix numéro quantité commerce voyage
collection ensemble premier grand petit nouveau"""

SPANISH = """el la los las de del y que en un una por con para no es su al lo como más pero sus le
ya este entre cuando todo esta ser son dos también fue había era muy años hasta desde está mi porque
qué sólo han yo hay vez puede todos así nos ni parte tiene él uno donde bien tiempo mismo ese ahora
cada vida otro después calle señor niño mañana año ciudad gobierno número página corazón país última
según artículo recibo importe"""

ITALIAN = """il lo la i gli le di del della dei e che in un una per con non si è da al come più ma
sono suo anche questo alla nel ha o se dal essere due tutti stato fra molto quando dopo anni prima
sua ancora città perché così già tempo casa giorno signore ogni parte altro grande nuovo può verso
senza lettera libro numero pagina via totale prezzo quantità società università attività febbraio
lunedì"""

DUTCH = """de het een en van in is dat op te zijn met voor niet aan er om ook als dan maar bij door
naar uit over hij zij wij dit nog wel geen meer werd hebben heeft had onder tegen jaar stad huis
tijd mensen werk dag brief straat gemeente kinderen vrouw schrijven tussen altijd nieuwe grote
eerste laatste bedrag rekening"""

DANISH = """og i at det er en til af på den for med der ikke som de et har han jeg var fra vi kan
sig men blev så være år over ved efter eller hun også nu ud når kunne før måtte mange gået stor
lille første hus by gade brev dag tid mennesker børn København større øvrige således oplyst stilling
forbud rejse fået både være"""

PORTUGUESE = """o a os as de do da e que em um uma por com para não é se no na mais como mas ao ele
das dos seu sua ou quando muito nos já eu também só pelo até isso ela entre depois sem mesmo aos
seus quem anos são está você cidade número página coração irmão manhã três então preço valor casa
tempo dia rua senhor"""

LANGUAGES = tuple(
    tuple(text.split())
    for text in (ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, DUTCH, DANISH, PORTUGUESE)
)
