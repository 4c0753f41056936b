package redact

import "strings"

// The words by which prose is read, in English, German, French, Spanish and Italian. All are in lower case.
var (
	copulas = strings.Fields(`is was are ist war lautet lautete lauten heißt heisst sind est était sont es era son será è era sono sarà e' = → ->
		equals it's c'est remains bleibt`)
	adverbs = strings.Fields(`now still currently just simply again set to always jetzt nun noch aktuell derzeit immer einfach weiterhin maintenant toujours
		actuellement ahora todavía siempre actualmente ora adesso ancora sempre attualmente the following: following folgendes: folgende`)
	movers = strings.Fields(`to auf en por a in à zu als into with mit avec con da as using`)
	// givers say that something was typed, set or handed over.
	givers = strings.Fields(`type typed typing types enter entered entering tried try put set made gave give given used use using then key pin now with always logged
		eingegeben eingetippt gebe eingeben tippe tippen getippt gesetzt setze geändert bekommen erhalten probiert versucht benutze nehme verwende dann schlüssel jetzt mit immer umgestellt gegeben
		tape tapé entre entré rentre rentré saisis saisi mets mis remplacé changé essayé utilise puis clé avec maintenant toujours tjs passé passée remis remise donné
		meto metido pongo puesto escribo escrito tecleo tecleado cambié cambiado probado uso luego vale clave con ahora siempre entraba cambiaron dieron dio reset
		metto messo inserisco inserito digito digitato scrivo provato scritto reimpostata reimpostato cambiata cambiato poi chiave con adesso sempre vuole dato diede / → ->`)
	likes    = strings.Fields(`as als comme como come`)
	pronouns = strings.Fields(`it it's its this es c'est il elle ce è that das dies lautet esta este`)
	articles = strings.Fields(`a an my the our your his her new old current mein meine unser das dein ihr altes neues das mon ma le la notre votre mi nuestra nuestro su el
		mio mia il lo nostra nostro tuo tua nuova vecchia new-password wlan wi-fi wifi vpn windows admin local root email e-mail sap laptop login nouveau nueva`)
	units = strings.Fields(`days day hours hour minutes seconds weeks months years characters chars digits times attempts users people tage tagen tag stunden minuten
		sekunden wochen monate monaten jahre jahren zeichen stellen mal versuche versuchen jours heures minutes semaines mois ans caractères chiffres fois tentatives días
		horas minutos semanas meses años caracteres dígitos veces intentos giorni ore minuti settimane mesi anni caratteri cifre volte tentativi`)
	// endings are those of participles and adjectives.
	endings = strings.Fields(`ed ing able ible ive ful less ous ant ent bar lich isch igt ert elt iert ung keit nis ée és ées eux euse ique tion sion able ado ada idos ado ada
		ido ida ados adas ado ato ata ati ate uto uta ito ita etto etta ente mente`)
	// products have years in their names.
	products = strings.Fields(`exchange sharepoint server sql visual project visio autocad solidworks photoshop illustrator excel word powerpoint access dynamics navision`)
	// ordinary are words that follow "password is" or "password:" and are none.
	ordinary = strings.Fields(`
		not now the this that these what where when how who why and but for from with without please thanks thank hello same different wrong right correct incorrect
		invalid valid expired expire expires locked blocked reset change changed changes changing reset. forgotten forgot lost known unknown missing empty blank none null nil
		true false undefined required mandatory optional weak strong short long simple complex secure insecure unsafe default temporary new old current fine working works
		broken rejected accepted refused denied disabled enabled active inactive synced ready private public secret hidden visible case-sensitive
		about over only also always never still sent below above attached stored saved here there someone somebody everybody policy manager
		manager? field prompt screen page link portal recovery protected again needed help issue issues problem problems question urgent error failed failure update sync
		windows outlook office teams onedrive sharepoint keepass lastpass bitwarden 1password dashlane okta bitlocker mcafee iphone ipad macos android chrome firefox
		github gitlab linkedin powershell teamviewer vmware citrix office365 o365 m365 win10 win11 windows10 windows11 windows7 wpa2 wpa3 2fa mfa sap s4hana sha256 md5 ldap
		kerberos ntlm mac ios case days day hours user users username login account admin administrator anyone nobody unchanged identical
		nicht kein keine keiner abgelaufen falsch richtig korrekt ungültig gültig gesperrt vergessen verloren bekannt unbekannt leer leider immer auch noch schon
		wieder neu alt sicher unsicher kurz lang einfach komplex notwendig nötig erforderlich weg fehlt zurücksetzen zurückgesetzt geändert ändern abgelehnt akzeptiert
		bitte danke hallo hilfe dringend hinterlegt gespeichert identisch gleich anders defekt aktuell oben unten beigefügt niemand jemand einer eine eines mein meine unser
		schwach stark okay veraltet
		pas plus non expiré expirée incorrect incorrecte faux fausse invalide valide correct correcte bloqué oublié perdu connu inconnu vide nouveau nouvelle ancien ancienne
		toujours encore aussi trop court courte long longue simple faible forte obligatoire requis merci bonjour aide urgent problème temporaire identique refusé refusée
		inconnue juste oublie périmé périmée introuvable impossible
		no nunca siempre caducada caducado incorrecta incorrecto correcta correcto inválida válida bloqueada olvidada olvidado perdida conocida desconocida vacía nueva vieja
		antigua todavía también demasiado corta larga débil fuerte obligatoria gracias hola ayuda urgente problema temporal misma igual mala falsa rechazada aceptada
		non scaduta scaduto errata errato sbagliata sbagliato corretta corretto valida bloccata dimenticata dimenticato persa nota sconosciuta vuota nuova vecchia ancora
		sempre anche troppo corta lunga debole obbligatoria grazie ciao aiuto urgente problema temporanea stessa uguale rifiutata accettata giusta giusto
		para por una uno como cuando donde porque pour dans avec sans quand comment pourquoi mais für mit ohne wenn weil aber oder und wie quando dove perché come senza della
		delle degli nella questo questa este esta esto cette cela diese dieser dieses`)
)
