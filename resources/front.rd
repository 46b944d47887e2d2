<resource schema="twomass" resdir="twomass">
	<!-- The front page (processing/publish/front), and the files of the published release. -->

	<meta name="creationDate">2025-01-01T00:00:00Z</meta>
	<meta name="title">Front page</meta>
	<meta name="description">The sky, search, links to all services, commands and downloads.</meta>
	<meta name="subject">infrared-astronomy</meta>

	<service id="page" allowed="static">
		<property name="staticData">../front</property>
		<property name="indexFile">../front/index.html</property>
		<nullCore/>
	</service>

	<LOOP>
		<codeItems>
			from processing.publish.sky_services import folder_in
			yield from folder_in(base.getTableConn, base.getConfig("rootDir"), "files")
		</codeItems>
		<events>
			<service id="files" allowed="static">
				<meta name="title">Files of the release</meta>
				<meta name="description">The catalogs of the published release as HATS and Parquet, checksums, notes, the Level 1
					table.</meta>
				<property name="staticData">\folder</property>
				<nullCore/>
			</service>
		</events>
	</LOOP>
</resource>
